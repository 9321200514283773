/** A person goes back to the previous release: what becomes of the data, of what was left, and of what is on the disk. */

import { execFileSync } from 'node:child_process';
import { Refused } from '@kedge/agent/local-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../testing/world.ts';
import { installFirst, type OwnedDevice, onDisk, ownDevice, texts } from './testing/owned-device.ts';

let world: World;
let owned: OwnedDevice;
beforeEach(async () => {
  world = await createWorld();
  owned = await ownDevice(world);
  await installFirst(world, owned);
});
afterEach(() => world.close());

describe('with a way down', () => {
  beforeEach(async () => {
    await world.publish({ version: '1.1.0', counter: 2 });
    expect(await owned.check()).toMatchObject({ kind: 'updated' });
    await world.ask('second', 'POST');
  });

  test('the rows that were written since are kept', async () => {
    expect(await owned.rollback()).toMatchObject({
      kind: 'rolled_back',
      from: '1.0.0',
      to: '1.1.0',
      lost_writes: null,
    });
    expect(await world.askUntil('1.0.0')).toEqual({
      version: '1.0.0',
      rows: [
        { id: 1, text: 'first' },
        { id: 2, text: 'second' },
      ],
    });
  });

  test('the version left is not installed again by itself, but once its owner approves it', async () => {
    await owned.rollback();
    const again = await owned.check();
    expect(again).toMatchObject({ kind: 'refused', stage: 'evaluate' });
    expect(again.reasons.join('\n')).toContain('(a person asked for it)');
    await world.publish({ version: '1.2.0', counter: 3, severity: 'major' });
    expect(await owned.explain()).toContain('"kedge agent approve 1.1.0" lifts that.');
    await owned.handlers.approve({ version: '1.1.0' });
    expect(await owned.check('1.1.0')).toMatchObject({ kind: 'updated', to: '1.1.0' });
    expect(await texts(world, '1.1.0')).toEqual(['first', 'second']);
  });

  test('a newer release is installed as ever', async () => {
    await owned.rollback();
    await world.publish({ version: '1.2.0', counter: 3 });
    expect(await owned.check()).toMatchObject({ kind: 'updated', from: '1.0.0', to: '1.2.0' });
    expect(await texts(world, '1.2.0')).toEqual(['first', 'second']);
  });

  test('it is explained as what a person did, not as a failure', async () => {
    await owned.rollback();
    const told = await owned.explain();
    expect(told).toMatch(/^1\.0\.0 is installed since /);
    expect(told).toMatch(/\nWent back from 1\.1\.0 to 1\.0\.0 at [^;]*\.\n {2}a person asked for it\n/);
    expect(told).not.toContain('failed');
  });

  test('there is one step back only', async () => {
    await owned.rollback();
    await expect(owned.rollback()).rejects.toThrow(
      new Refused('there is no previous release on this device to go back to', 4),
    );
  });
});

describe('without a way down', () => {
  beforeEach(async () => {
    await world.publish({ version: '1.1.0', counter: 2, migration: 'has no way down' });
    expect(await owned.check()).toMatchObject({ kind: 'updated' });
    await world.ask('second', 'POST');
  });

  test('it is refused in one line that names what would be lost, and nothing is touched', async () => {
    await expect(owned.rollback()).rejects.toThrow(
      /^migration 0002_stars has no way down: going back restores the backup of 20\d\d-.*Z, and all that was written since is lost; say --lose-writes if that is right$/,
    );
    expect(await texts(world, '1.1.0')).toEqual(['first', 'second']);
    expect(await onDisk(world)).toMatchObject({ current: 'releases/1.1.0', previous: 'releases/1.0.0' });
  });

  test('and with --lose-writes the backup is restored, and the window of lost writes told', async () => {
    const { lost_writes, kind } = await owned.rollback(true);
    expect(kind).toBe('rolled_back');
    expect(await texts(world, '1.0.0')).toEqual(['first']);
    expect(Date.parse(lost_writes?.from ?? '')).toBeLessThan(Date.parse(lost_writes?.until ?? ''));
    expect(await owned.explain()).toContain(
      `What was written from ${lost_writes?.from} to ${lost_writes?.until} was lost.`,
    );
  });
});

test('after each step the links, the trees and the backups are those of this release and the one before', async () => {
  const first = { current: 'releases/1.0.0', previous: undefined, trees: ['1.0.0'], backups: 0 };
  expect(await onDisk(world)).toMatchObject({ ...first, backups: expect.any(Number) });
  await world.publish({ version: '1.1.0', counter: 2 });
  await owned.check();
  const second = { current: 'releases/1.1.0', previous: 'releases/1.0.0', trees: ['1.0.0', '1.1.0'], backups: 1 };
  expect(await onDisk(world)).toEqual(second);
  await world.publish({ version: '1.2.0', counter: 3 });
  await owned.check();
  const third = { current: 'releases/1.2.0', previous: 'releases/1.1.0', trees: ['1.1.0', '1.2.0'], backups: 1 };
  expect(await onDisk(world)).toEqual(third);
  await owned.rollback();
  const back = { current: 'releases/1.1.0', previous: undefined, trees: ['1.1.0'], backups: 0 };
  expect(await onDisk(world)).toEqual(back);
});

describe('the shell lines of the README', () => {
  const lines = 'ln -s "$(readlink previous)" current.new && mv -T current.new current';

  async function movedByHand(migration?: 'has no way down'): Promise<void> {
    await world.publish({ version: '1.1.0', counter: 2, ...(migration ? { migration } : {}) });
    expect(await owned.check()).toMatchObject({ kind: 'updated' });
    await world.ask('second', 'POST');
    await owned.booted.cutPower();
    execFileSync('sh', ['-c', lines], { cwd: world.device_folder });
    owned = await ownDevice(world);
  }

  test('are a going back: the data follows, and the version left is not installed again by itself', async () => {
    await movedByHand();
    expect((await world.askUntil('1.0.0')).rows).toEqual([
      { id: 1, text: 'first' },
      { id: 2, text: 'second' },
    ]);
    expect(await owned.check()).toMatchObject({ kind: 'refused', stage: 'evaluate' });
  });

  test('lose nothing where the data has no way down: it stays as it is', async () => {
    await movedByHand('has no way down');
    expect((await world.askUntil('1.0.0')).rows).toEqual([
      { id: 1, text: 'first', stars: 0 },
      { id: 2, text: 'second', stars: 0 },
    ]);
    expect(await owned.check()).toMatchObject({ kind: 'refused', stage: 'evaluate' });
  });
});
