/** The owner of a device decides: which releases, when, and from which channel; and is told why. */

import { systemClock } from '@kedge/trust/os/clock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../testing/world.ts';
import { installFirst, type OwnedDevice, ownDevice, texts } from './testing/owned-device.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

async function ownInstalled(...how: Parameters<World['boot']>): Promise<OwnedDevice> {
  const owned = await ownDevice(world, ...how);
  await installFirst(world, owned);
  return owned;
}

const major = { version: '2.0.0', counter: 2, severity: 'major' } as const;
const hour_ms = 3_600_000;

/** The day after, so that a wall clock that only a test moves stays ahead of the vendor's. */
const tomorrow_ms = (Math.floor(systemClock.now_ms() / (24 * hour_ms)) + 1) * 24 * hour_ms;
const at = (time: string): number => tomorrow_ms + Date.parse(`1970-01-01T${time}:00Z`);
const instant = (time_ms: number): string => new Date(time_ms).toISOString();

/** Real time for processes and sockets, and a wall clock that stands still. */
function wallClock(start_ms: number) {
  let now_ms = start_ms;
  const set = (time_ms: number): void => {
    now_ms = time_ms;
  };
  return { clock: { ...systemClock, now_ms: () => now_ms }, set };
}

describe('a major release', () => {
  test('waits until its owner approves it, and is then installed at once by the agent', async () => {
    const owned = await ownInstalled();
    await world.publish(major);
    expect(await owned.check()).toMatchObject({ kind: 'waiting', to: '2.0.0', stage: 'evaluate' });
    expect(await texts(world, '1.0.0')).toEqual(['first']);
    expect(await owned.explain()).toContain(
      [
        '  Ask whether to install 2.0.0.',
        '  Version 2.0.0 is a major release, and the policy for these is to ask first.',
      ].join('\n'),
    );
    owned.run();
    const report = owned.nextReport();
    expect(await owned.handlers.approve({})).toEqual({ approved: '2.0.0' });
    expect(await report).toMatchObject({ kind: 'updated', from: '1.0.0', to: '2.0.0' });
    expect(await texts(world, '2.0.0')).toEqual(['first']);
    expect(await owned.explain()).toMatch(
      /^2\.0\.0 is installed since .*\nLast update, at .*: from 1\.0\.0 to 2\.0\.0\.\n {2}Install 2\.0\.0\.\n.*ask first\.\n {2}Version 2\.0\.0 was approved by a person\.\n/,
    );
  });

  test('is asked for by its version, and then needs no approval', async () => {
    const owned = await ownInstalled();
    await world.publish(major);
    await world.publish({ version: '2.1.0', counter: 3, severity: 'minor' });
    const report = await owned.check('2.0.0');
    expect(report).toMatchObject({ kind: 'updated', to: '2.0.0' });
    expect(report.reasons).toEqual(['Install 2.0.0 now.', 'Version 2.0.0 was asked for by a person.']);
  });

  test('that is replaced by a minor one is still asked for', async () => {
    const owned = await ownInstalled();
    await world.publish(major);
    await world.publish({ version: '2.1.0', counter: 3, severity: 'minor' });
    expect(await owned.check()).toMatchObject({ kind: 'waiting', to: '2.1.0' });
  });
});

test('a version that is asked for in vain is told why: nobody offers it, or it is no newer', async () => {
  const owned = await ownInstalled();
  await world.publish({ version: '0.9.0', counter: 2 });
  expect(await owned.check('3.0.0')).toMatchObject({
    kind: 'up_to_date',
    reasons: expect.arrayContaining([
      "Version 3.0.0 was asked for, but channel stable does not offer it; check the version or the device's channel.",
    ]),
  });
  expect(await owned.check('0.9.0')).toMatchObject({
    kind: 'up_to_date',
    reasons: expect.arrayContaining([
      'Version 0.9.0 was asked for, but is not newer than 1.0.0, which is installed; to go back, use kedge agent rollback.',
    ]),
  });
});

test('what waits can be postponed; when that time is over it is asked for again', async () => {
  const wall = wallClock(at('08:00'));
  const owned = await ownInstalled({ clock: wall.clock });
  await world.publish(major);
  await owned.check();
  const until = instant(at('13:00'));
  expect(await owned.handlers.postpone({ for_ms: 5 * hour_ms })).toEqual({ postponed: '2.0.0', until });
  expect(await owned.check()).toMatchObject({ kind: 'waiting', waits_until: until });
  expect(await owned.explain()).toContain(
    `it waits until ${until}:\n  Wait with 2.0.0 until ${until.replace('.000', '')}.\n  Version 2.0.0 was postponed until`,
  );
  wall.set(at('13:01'));
  expect(await owned.check()).toMatchObject({ kind: 'waiting', waits_until: null });
  await owned.handlers.approve({});
  expect(await owned.check()).toMatchObject({ kind: 'updated', to: '2.0.0' });
});

test('nothing that waits is told as such, and is no bug', async () => {
  const owned = await ownInstalled();
  await expect(owned.handlers.approve({})).rejects.toThrow('no release waits; name the version');
  await expect(owned.handlers.postpone({ for_ms: 1 })).rejects.toThrow('no release waits; name the version');
});

describe('a maintenance window', () => {
  const nightly = "policy: { windows: [{ start: '02:00', end: '04:00' }] }\n";

  test('that is closed is waited for, and the update comes when it is open', async () => {
    const wall = wallClock(at('02:10'));
    const owned = await ownInstalled({ clock: wall.clock }, nightly);
    await world.publish({ version: '1.1.0', counter: 2 });
    wall.set(at('04:00'));
    const until = instant(at('02:00') + 24 * hour_ms);
    expect(await owned.check()).toMatchObject({ kind: 'waiting', to: '1.1.0', waits_until: until });
    expect(await owned.explain()).toContain(`The next maintenance window opens at ${until.replace('.000', '')}.`);
    expect(await texts(world, '1.0.0')).toEqual(['first']);
    wall.set(at('02:00') + 24 * hour_ms);
    expect(await owned.check()).toMatchObject({ kind: 'updated', to: '1.1.0' });
  });

  test('does not hold up what is critical', async () => {
    const wall = wallClock(at('02:10'));
    const owned = await ownInstalled({ clock: wall.clock }, nightly);
    await world.publish({ version: '1.0.1', counter: 2, severity: 'critical' });
    wall.set(at('12:00'));
    expect(await owned.check()).toMatchObject({ kind: 'updated', to: '1.0.1' });
    expect(await owned.explain()).toContain('critical release, and the policy for these is to install them at once.');
  });
});

test('another channel brings its releases from the next look on, and the configured one stays where it led', async () => {
  const owned = await ownInstalled();
  await world.publish({ version: '1.1.0-beta.1', counter: 2, fields: { channel: 'beta' } });
  expect(await owned.check()).toMatchObject({ kind: 'up_to_date' });
  expect(await owned.handlers.channel({ channel: 'beta' })).toEqual({ channel: 'beta' });
  expect(await owned.check()).toMatchObject({ kind: 'updated', to: '1.1.0-beta.1' });
  expect(await owned.handlers.channel({ channel: null })).toEqual({ channel: 'stable' });
  expect(await owned.handlers.status({})).toMatchObject({ channel: 'stable', installed: '1.1.0-beta.1' });
  await world.publish({ version: '1.1.0-beta.2', counter: 3, fields: { channel: 'beta' } });
  expect(await owned.check()).toMatchObject({ kind: 'up_to_date' });
  await world.publish({ version: '1.1.0', counter: 4 });
  expect(await owned.check()).toMatchObject({ kind: 'updated', from: '1.1.0-beta.1', to: '1.1.0' });
});

test('the history tells all of it, in order', async () => {
  const owned = await ownInstalled();
  await world.publish(major);
  await owned.check();
  await owned.handlers.postpone({ for_ms: hour_ms });
  await owned.handlers.approve({ version: '2.0.0' });
  await owned.check();
  await owned.handlers.channel({ channel: 'lts' });
  expect(await owned.handlers.history({})).toMatchObject([
    { event: 'look', fields: { occasion: 'asked' } },
    { event: 'updated', fields: { from: null, to: '1.0.0' } },
    { event: 'look' },
    { event: 'waiting', fields: { to: '2.0.0' } },
    { event: 'postponed', fields: { version: '2.0.0' } },
    { event: 'approved', fields: { version: '2.0.0' } },
    { event: 'look' },
    { event: 'updated', fields: { from: '1.0.0', to: '2.0.0' } },
    { event: 'channel', fields: { channel: 'lts' } },
  ]);
});
