import { once } from 'node:events';
import { createServer } from 'node:net';
import { realBase } from '@kedge/agent/os/local-ports';
import { update } from '@kedge/agent/update';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Owner, ownerOfInstalled } from './testing/owner.ts';

let owner: Owner;
beforeEach(async () => {
  owner = await ownerOfInstalled();
});
afterEach(() => owner.close());

test('an app that never opens its port is thrown out: one line that names the check, exit code 9', async () => {
  await owner.world.publish({ version: '1.1.0', counter: 2, ill: 'never listens' });
  const { code, out } = await owner.kedge('check');
  expect({ code, first: out[0] }).toEqual({ code: 9, first: 'rolled back 1.1.0 -> 1.0.0' });
  expect(out[1]).toMatch(
    /^ {2}not healthy within \d+ ms: check "answers": GET .* ECONNREFUSED .*; see .*\/log\/app\.log$/,
  );
  await owner.expectNothingLost();
});

test('a port that another program has taken is told, and the old version comes back when it is free again', async () => {
  const { world } = owner;
  await world.publish({ version: '1.1.0', counter: 2 });
  const thief = createServer((socket) => socket.destroy());
  const base = realBase();
  const spawn: typeof base.processes.spawn = async (program) => {
    if (program.folder.endsWith('1.1.0') && !thief.listening)
      await once(thief.listen(world.port, '127.0.0.1'), 'listening');
    if (program.folder.endsWith('1.0.0') && thief.listening) await once(thief.close(), 'close');
    return base.processes.spawn(program);
  };
  const { device, cutPower } = await world.boot({ processes: { ...base.processes, spawn } });
  const report = await update(device, { kind: 'asked', wanted: null });
  expect(report).toMatchObject({ kind: 'rolled_back', to: '1.1.0', lost_writes: null });
  expect(report.reasons[0]).toMatch(/see .*\/log\/app\.log/);
  await owner.expectWorking('1.0.0');
  await device.log.close();
  await cutPower();
  await owner.expectNextInstalled();
});

test('a migration that fails half-way is one line that names it, exit code 9, and leaves no half of it', async () => {
  await owner.world.publish({ version: '1.1.0', counter: 2, migration: 'fails half-way' });
  const { code, out } = await owner.kedge('check');
  expect({ code, first: out[0] }).toEqual({ code: 9, first: 'rolled back 1.1.0 -> 1.0.0' });
  expect(out[1]).toMatch(/^ {2}migration 0002_stars up of .*app\.db failed: .*nowhere.*/);
  expect((await owner.world.askUntil('1.0.0')).rows).toEqual([{ id: 1, text: 'kept' }]);
  await owner.expectNothingLost();
});

test('a down migration that fails is made good by the backup, and the report names the writes that it cost', async () => {
  await owner.world.publish({ version: '1.1.0', counter: 2, migration: 'fails on the way down', ill: 'answers 503' });
  const { code, out } = await owner.kedge('check');
  expect({ code, first: out[0] }).toEqual({ code: 9, first: 'rolled back 1.1.0 -> 1.0.0' });
  expect(out[1]).toMatch(/answered 503, expected 200/);
  expect(out.at(-1)).toMatch(/^ {2}what was written from 20.* to 20.* was lost$/);
  expect((await owner.world.askUntil('1.0.0')).rows).toEqual([{ id: 1, text: 'kept' }]);
  await owner.expectNothingLost();
});
