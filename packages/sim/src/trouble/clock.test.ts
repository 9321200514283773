import { createAgent } from '@kedge/agent/agent';
import type { Clock } from '@kedge/core/ports';
import { systemClock } from '@kedge/trust/os/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const asked = { kind: 'asked', wanted: null } as const;

/** Runs on from that date, as a device without a battery does after a boot. */
function clockFrom(date: string): Clock {
  const start_ms = Date.parse(date) - systemClock.monotonic_ms();
  return { ...systemClock, now_ms: () => start_ms + systemClock.monotonic_ms() };
}

test('a device whose clock says 1970 installs, updates, rolls back and goes on, with its data', async () => {
  await world.publish({ version: '1.0.0', counter: 1 });
  const { device, cutPower } = await world.boot({ clock: clockFrom('1970-01-01T00:00:03Z') });
  const agent = createAgent(device);
  await agent.recover();
  expect(await agent.check(asked)).toMatchObject({ kind: 'updated', to: '1.0.0', at: expect.stringMatching(/^1970-/) });
  await world.ask('kept', 'POST');
  await world.publish({ version: '1.1.0', counter: 2, ill: 'exits', migration: 'has no way down' });
  expect(await agent.check(asked)).toMatchObject({
    kind: 'rolled_back',
    lost_writes: { from: expect.stringMatching(/^1970-/), until: expect.stringMatching(/^1970-/) },
  });
  expect(await world.askUntil('1.0.0')).toMatchObject({ rows: [{ text: 'kept' }] });
  await world.publish({ version: '1.2.0', counter: 3 });
  expect(await agent.check(asked)).toMatchObject({ kind: 'updated', to: '1.2.0' });
  expect(await world.askUntil('1.2.0')).toMatchObject({ rows: [{ text: 'kept' }] });
  await device.log.close();
  await cutPower();
});

test('a clock that falls back to 1970 between two boots holds up neither the next look nor a maintenance window', async () => {
  await world.publish({ version: '1.0.0', counter: 1 });
  const first = await world.boot();
  expect(await createAgent(first.device).check(asked)).toMatchObject({ kind: 'updated' });
  await first.device.log.close();
  await first.cutPower();
  await world.publish({ version: '1.1.0', counter: 2 });
  const { device, cutPower } = await world.boot({ clock: clockFrom('1970-01-01T00:00:03Z') });
  const agent = createAgent(device);
  await agent.recover();
  expect(await agent.check(asked)).toMatchObject({ kind: 'updated', from: '1.0.0', to: '1.1.0' });
  expect(agent.nextCheck_ms()).toBeLessThan(Date.parse('1970-01-03T00:00:00Z'));
  await device.log.close();
  await cutPower();
});

test('a clock far ahead is one line that says to set it, and nothing is installed or stopped', async () => {
  await world.publish({ version: '1.0.0', counter: 1 });
  const first = await world.boot();
  expect(await createAgent(first.device).check(asked)).toMatchObject({ kind: 'updated' });
  await first.device.log.close();
  await first.cutPower();
  await world.publish({ version: '1.1.0', counter: 2 });
  const { device, cutPower } = await world.boot({ clock: clockFrom('2099-01-01T00:00:00Z') });
  const agent = createAgent(device);
  await agent.recover();
  expect(await agent.check(asked)).toMatchObject({
    kind: 'blocked',
    reasons: [
      expect.stringMatching(
        /if this device's date, 2099-01-01, is wrong, set its clock; else the publisher has to run "kedge refresh"$/,
      ),
    ],
  });
  await world.askUntil('1.0.0');
  await device.log.close();
  await cutPower();
});
