/** What could not be finished at once: it is gone on from, the app runs as soon as it can, and nothing piles up. */

import { join } from 'node:path';
import { createAgent } from '@kedge/agent/agent';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cuttableDisk } from '../testing/cuttable-disk.ts';
import { type FaultyDisk, faultyDisk } from '../testing/faulty-disk.ts';
import { type Booted, createWorld, type World } from '../testing/world.ts';
import { installFirst, onDisk, ownDevice, texts } from './testing/owned-device.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const asked = { kind: 'asked', wanted: null } as const;
const bad = { version: '1.1.0', counter: 2, ill: 'answers 503' } as const;

/** 1.0.0 with one row, on a disk that can be broken. */
async function ownInstalled() {
  const disk = faultyDisk(nodeDisk);
  const owned = await ownDevice(world, { disk });
  await installFirst(world, owned);
  return { disk, owned };
}

describe('a roll back that the disk does not let through', () => {
  const noWayBack = { operation: 'rename', path: /\/current$/, code: 'EIO' } as const;

  /** `current` cannot be pointed back at once. */
  async function unfinished(disk: FaultyDisk, check: () => Promise<unknown>): Promise<void> {
    disk.break(noWayBack);
    expect(await check()).toMatchObject({ kind: 'unfinished' });
    disk.break(undefined);
  }

  test('is finished by the next look, and the old app runs', async () => {
    const { disk, owned } = await ownInstalled();
    await world.publish({ version: '1.1.0', counter: 2 });
    await unfinished(disk, () => owned.check());
    world.answerWith((_, response) => response.writeHead(500).end());
    expect(await owned.check()).toMatchObject({ kind: 'blocked' });
    expect(owned.booted.trace()).toContain('report rolled_back');
    expect(await texts(world, '1.0.0')).toEqual(['first']);
  });

  test('is finished before a person goes back further', async () => {
    const { disk, owned } = await ownInstalled();
    await world.publish({ version: '1.1.0', counter: 2 });
    await owned.check();
    await world.publish({ version: '1.2.0', counter: 3 });
    await unfinished(disk, () => owned.check());
    expect(await owned.rollback()).toMatchObject({ kind: 'rolled_back', from: '1.0.0', to: '1.1.0' });
    expect(await texts(world, '1.0.0')).toEqual(['first']);
  });
});

describe('the power is lost while what a roll back has no use for any more is removed', () => {
  test.each([/\/backups\/.*\/contents\.json$/, /\/manifests\/1\.1\.0\.json$/])(
    'after %s: the next start runs the old release with its data, and removes the rest',
    async (path) => {
      const { owned } = await ownInstalled();
      const before = await onDisk(world);
      await owned.booted.cutPower();
      await world.publish({ ...bad, migration: 'has no way down' });
      const cut = await world.boot({ disk: cuttableDisk(nodeDisk, path) });
      await createAgent(cut.device).recover();
      await expect(createAgent(cut.device).check(asked)).rejects.toThrow(/power|stage/);
      await cut.cutPower();
      const { booted } = await ownDevice(world);
      expect(booted.trace()).toEqual(['report rolled_back']);
      expect(await texts(world, '1.0.0')).toEqual(['first']);
      expect(await onDisk(world)).toEqual(before);
    },
  );
});

describe('a disk that is full when the device starts after a power cut', () => {
  test.each([
    ['COMMITTING', /\/installed\.json$/, '1.1.0'],
    ['COMPLETE', /\/lately\.json$/, '1.1.0'],
    ['STAGED', /\/journal\.json$/, '1.0.0'],
  ] as const)('in %s does not keep the app from starting', async (state, path, version) => {
    const { owned } = await ownInstalled();
    await owned.booted.cutPower();
    await world.publish({ version: '1.1.0', counter: 2 });
    const cut = await world.boot({ disk: cuttableDisk(nodeDisk, state) });
    await createAgent(cut.device).recover();
    await expect(createAgent(cut.device).check(asked)).rejects.toThrow(/power|stage/);
    await cut.cutPower();
    const disk = faultyDisk(nodeDisk);
    disk.break({ operation: 'rename', path, code: 'ENOSPC' });
    await createAgent((await world.boot({ disk })).device).recover();
    expect(await texts(world, version)).toEqual(['first']);
  });

  test('and has no room for a line of the log either does not end the agent', async () => {
    const { owned } = await ownInstalled();
    await owned.booted.cutPower();
    await world.publish({ version: '1.1.0', counter: 2 });
    const cut = await world.boot({ disk: cuttableDisk(nodeDisk, 'VALIDATING') });
    await createAgent(cut.device).recover();
    await expect(createAgent(cut.device).check(asked)).rejects.toThrow(/power|stage/);
    await cut.cutPower();
    const disk = faultyDisk(nodeDisk);
    const { device } = await world.boot({ disk });
    disk.break({ operation: 'write', path: /events\.jsonl$/, code: 'ENOSPC' });
    await createAgent(device).recover();
    expect(await texts(world, '1.0.0')).toEqual(['first']);
  });
});

describe('a backup that no update asks for any more', () => {
  test('goes when not even the journal could be written', async () => {
    const { disk, owned } = await ownInstalled();
    await world.publish({ version: '1.1.0', counter: 2 });
    const before = (await onDisk(world)).backups;
    disk.break({ operation: 'rename', path: /journal\.json$/, code: 'ENOSPC' });
    expect(await owned.check()).toMatchObject({ kind: 'failed', stage: 'apply' });
    expect((await onDisk(world)).backups).toBe(before);
  });

  test('and was left by a power cut goes before the next one is made', async () => {
    const { owned } = await ownInstalled();
    const before = (await onDisk(world)).backups;
    await nodeDisk.makeFolder(join(world.device_folder, 'backups/20260120t080000z-3fa01c/data'));
    await world.publish(bad);
    expect(await owned.check()).toMatchObject({ kind: 'rolled_back' });
    expect((await onDisk(world)).backups).toBe(before);
  });
});

test('a release whose checks have much to complain of leaves a journal and a report that can be read', async () => {
  const { owned } = await ownInstalled();
  const url = 'http://127.0.0.1:${port}/';
  const checks = Array.from({ length: 80 }, (_, index) => {
    return { kind: 'http', name: `answers-${'x'.repeat(50)}-${index}`, url, timeout_ms: 1000 };
  });
  await world.publish({ ...bad, fields: { checks } });
  expect(await owned.check()).toMatchObject({ kind: 'rolled_back', stage: 'validate' });
  expect(await owned.booted.device.journal.read()).toMatchObject({ kind: 'read' });
  const told = await owned.explain();
  expect(told).toMatch(/Went back from 1\.1\.0/);
  expect(told).not.toContain('damaged');
});

test('a window that closes while the release is fetched is waited for again', async () => {
  const hour_ms = 3_600_000;
  let ahead_ms = 0;
  const clock = { ...systemClock, now_ms: () => systemClock.now_ms() + ahead_ms };
  const time = (offset_ms: number) => new Date(systemClock.now_ms() + offset_ms).toISOString().slice(11, 16);
  const window = `{ start: '${time(-hour_ms)}', end: '${time(hour_ms)}' }`;
  const owned = await ownDevice(world, { clock }, `policy: { windows: [${window}] }`);
  await installFirst(world, owned);
  await world.publish({ version: '1.1.0', counter: 2 });
  world.answerWith((request, response) => {
    if (request.url?.includes('/artifacts/')) ahead_ms = 2 * hour_ms;
    return world.serve(request, response);
  });
  expect(await owned.check()).toMatchObject({
    kind: 'waiting',
    stage: 'prepare',
    waits_until: expect.any(String),
    reasons: [expect.stringContaining('maintenance window opens')],
  });
  expect(await texts(world, '1.0.0')).toEqual(['first']);
  ahead_ms = 23.5 * hour_ms;
  expect(await owned.check()).toMatchObject({ kind: 'updated', to: '1.1.0', fetched_bytes: 0 });
});

test('what a person says while a look is under way is looked at right after it', async () => {
  const booted: Booted = await world.boot();
  const agent = createAgent(booted.device);
  let looks = 0;
  const second = Promise.withResolvers<void>();
  world.answerWith((request, response) => {
    if (request.url?.includes('timestamp.json')) {
      looks += 1;
      if (looks === 1) agent.lookSoon();
      else second.resolve();
    }
    return world.serve(request, response);
  });
  void agent.run();
  await second.promise;
});
