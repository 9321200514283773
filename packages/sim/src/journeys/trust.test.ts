/** What the vendor takes back, and keys that change. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../testing/world.ts';
import { installFirst, type OwnedDevice, onDisk, ownDevice, rotate, texts, withdraw } from './testing/owned-device.ts';

let world: World;
let owned: OwnedDevice;
beforeEach(async () => {
  world = await createWorld();
  owned = await ownDevice(world);
  await installFirst(world, owned);
});
afterEach(() => world.close());

describe('a release that its vendor withdraws', () => {
  const refused = { version: '1.1.0', reason: 'it loses rows', action: 'refuse' } as const;
  const left = { ...refused, action: 'roll_back' } as const;

  test('is not installed; the one before it is', async () => {
    await world.publish({ version: '1.0.5', counter: 2 });
    await world.publish({ version: '1.1.0', counter: 3 });
    await withdraw(world, refused);
    const report = await owned.check();
    expect(report).toMatchObject({ kind: 'updated', to: '1.0.5' });
    expect(report.reasons).toContain('Version 1.1.0 was withdrawn by its vendor: it loses rows.');
    expect(await owned.check()).toMatchObject({ kind: 'refused', stage: 'evaluate' });
  });

  test('not even by a person who asks for it', async () => {
    await world.publish({ version: '1.1.0', counter: 2 });
    await withdraw(world, refused);
    await owned.handlers.approve({ version: '1.1.0' });
    expect(await owned.check('1.1.0')).toMatchObject({ kind: 'refused' });
    expect(await texts(world, '1.0.0')).toEqual(['first']);
  });

  test('while it is downloaded is refused before anything of it runs', async () => {
    await world.publish({ version: '1.1.0', counter: 2 });
    world.answerWith(async (request, response) => {
      if (request.url?.startsWith('/artifacts/')) await withdraw(world, refused);
      world.serve(request, response);
    });
    const report = await owned.check();
    expect(report).toMatchObject({ kind: 'refused', stage: 'verify', to: '1.1.0' });
    expect(report.reasons).toEqual(['Version 1.1.0 was withdrawn: it loses rows.']);
    expect(await onDisk(world)).toMatchObject({ current: 'releases/1.0.0', trees: ['1.0.0'] });
    expect(await texts(world, '1.0.0')).toEqual(['first']);
  });

  test('and that is installed stays, when it is only to be refused', async () => {
    await world.publish({ version: '1.1.0', counter: 2 });
    await owned.check();
    await withdraw(world, refused);
    expect(await owned.check()).toMatchObject({ kind: 'up_to_date' });
    expect(await texts(world, '1.1.0')).toEqual(['first']);
  });

  test('and that is to be left is left for the one before, with the rows written since', async () => {
    await world.publish({ version: '1.1.0', counter: 2 });
    await owned.check();
    await world.ask('second', 'POST');
    await withdraw(world, left);
    const report = await owned.check();
    expect(report).toMatchObject({ kind: 'rolled_back', from: '1.0.0', to: '1.1.0', lost_writes: null });
    expect(report.reasons.join()).toContain('withdrawn by its vendor and should be left: it loses rows');
    expect(await texts(world, '1.0.0')).toEqual(['first', 'second']);
    expect(await owned.check()).toMatchObject({ kind: 'refused' });
  });

  test('and that is to be left is left for a newer one where there is one', async () => {
    await world.publish({ version: '1.1.0', counter: 2 });
    await owned.check();
    await withdraw(world, left);
    await world.publish({ version: '1.1.1', counter: 3 });
    expect(await owned.check()).toMatchObject({ kind: 'updated', from: '1.1.0', to: '1.1.1' });
  });

  test('and that cannot be left without losing rows stays, and says so', async () => {
    await world.publish({ version: '1.1.0', counter: 2, migration: 'has no way down' });
    await owned.check();
    await world.ask('second', 'POST');
    await withdraw(world, left);
    const report = await owned.check();
    expect(report.reasons.join('\n')).toContain('withdrawn by its vendor and should be left: it loses rows');
    expect(await texts(world, '1.1.0')).toEqual(['first', 'second']);
  });
});

test.each(['stable', 'root'] as const)(
  'the device follows new keys of %s, over several roots at once',
  async (role) => {
    await rotate(world, role);
    await rotate(world, 'root');
    await world.publish({ version: '1.1.0', counter: 2 });
    expect(await owned.check()).toMatchObject({ kind: 'updated', to: '1.1.0' });
  },
);

test('a release that only a later version can go to is reached by a stepping stone, in two looks', async () => {
  await world.publish({ version: '1.5.0', counter: 2 });
  await world.publish({ version: '2.0.0', counter: 3, fields: { requirements: { version_floor: '1.5.0' } } });
  const first = await owned.check();
  expect(first).toMatchObject({ kind: 'updated', from: '1.0.0', to: '1.5.0' });
  expect(first.reasons).toContain(
    'Version 2.0.0 can follow 1.5.0 and later, and 1.0.0 is installed; install a release between the two first.',
  );
  expect(await owned.check()).toMatchObject({ kind: 'updated', from: '1.5.0', to: '2.0.0' });
  expect(await texts(world, '2.0.0')).toEqual(['first']);
});
