import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Owner, ownerOfInstalled, stop } from './testing/owner.ts';

let owner: Owner;
beforeEach(async () => {
  owner = await ownerOfInstalled();
});
afterEach(() => owner.close());

test('a second agent says in one line that another is at work, ends with exit code 7 and disturbs nobody', async () => {
  const first = await owner.run();
  expect(await owner.kedge('run')).toEqual({
    code: 7,
    out: [],
    err: [`kedge: another agent works on ${owner.world.device_folder}; stop it first, or name another configuration`],
  });
  await owner.expectNothingLost();
  await stop(first);
});

test('an agent that was killed is followed by the next one, which takes the app over', async () => {
  const first = await owner.run();
  await stop(first, 'SIGKILL');
  await owner.expectWorking('1.0.0');
  await owner.run();
  await owner.expectNothingLost();
});

test('to follow an agent where none runs is one line and exit code 8', async () => {
  const { code, out, err } = await owner.kedge('events');
  expect({ code, out, err }).toEqual({ code: 8, out: [], err: [expect.stringMatching(/^kedge: no agent runs: /)] });
});

test('a check without an agent ends when it is done, and leaves the app running for the next one', async () => {
  expect(await owner.kedge('check')).toMatchObject({
    code: 0,
    out: ['up to date', expect.any(String), expect.any(String)],
  });
  await owner.expectNothingLost();
});
