/** Every pair (journal state, power lost): what the next start makes of it, the whole trace and the end. */

import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgent } from '@kedge/agent/agent';
import { update } from '@kedge/agent/update';
import { type JournalState, undoneStates } from '@kedge/core/journal';
import { nodeDisk } from '@kedge/trust/os/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cuttableDisk } from './testing/cuttable-disk.ts';
import type { TinyRelease } from './testing/tiny-app.ts';
import { type Booted, createWorld, type World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const asked = { kind: 'asked', wanted: null } as const;
const next: TinyRelease = { version: '1.1.0', counter: 2 };

/** 1.0.0 with one row, and a repository with something newer. */
async function installed(release: TinyRelease): Promise<void> {
  await world.publish({ version: '1.0.0', counter: 1 });
  const { device, cutPower } = await world.boot();
  expect(await update(device, asked)).toMatchObject({ kind: 'updated' });
  await world.ask('kept', 'POST');
  await cutPower();
  await world.publish(release);
}

/** Starts the app of the installed release, if any, and updates until the power goes in that state. */
async function powerLostIn(state: JournalState): Promise<void> {
  const { device, cutPower } = await world.boot({ disk: cuttableDisk(nodeDisk, state) });
  const cut = createAgent(device)
    .recover()
    .then(() => update(device, asked));
  await expect(cut).rejects.toThrow(/power|stage/);
  await cutPower();
}

async function bootAndRecover(): Promise<Booted> {
  const booted = await world.boot();
  await createAgent(booted.device).recover();
  return booted;
}

async function expectEnd(version: string, expected: readonly string[]): Promise<void> {
  const { rows } = await world.askUntil(version);
  // Migration 0002 adds the stars.
  expect(rows).toEqual([version === '1.0.0' ? { id: 1, text: 'kept' } : { id: 1, text: 'kept', stars: 0 }]);
  expect(readlinkSync(join(world.device_folder, 'current'))).toBe(`releases/${version}`);
  expect(await trees()).toEqual(expected);
}

async function trees(): Promise<readonly string[]> {
  return ((await nodeDisk.list(join(world.device_folder, 'releases'))) ?? []).filter((name) => name !== '.staging');
}

describe('the power is lost in an update', () => {
  const dropped = ['COMPLETE', 'report dropped'];
  const undone = ['ROLLING_BACK', 'COMPLETE', 'report rolled_back'];
  const pairs: readonly (readonly [JournalState, readonly string[], '1.0.0' | '1.1.0'])[] = [
    ['STAGING', dropped, '1.0.0'],
    ['STAGED', dropped, '1.0.0'],
    ['MIGRATING', undone, '1.0.0'],
    ['MIGRATED', undone, '1.0.0'],
    ['SWITCHING', undone, '1.0.0'],
    ['SWITCHED', undone, '1.0.0'],
    ['VALIDATING', undone, '1.0.0'],
    ['VALIDATED', ['COMMITTING', 'COMPLETE', 'report updated'], '1.1.0'],
    ['COMMITTING', ['COMPLETE', 'report updated'], '1.1.0'],
    ['COMPLETE', ['report updated'], '1.1.0'],
  ];

  test.each(pairs)('in %s: the next start records %j and runs %s with its data', async (state, trace, version) => {
    await installed(next);
    await powerLostIn(state);
    const booted = await bootAndRecover();
    expect(booted.trace()).toEqual(trace);
    await expectEnd(version, version === '1.0.0' ? ['1.0.0'] : ['1.0.0', '1.1.0']);
    expect((await bootAndRecover()).trace()).toEqual([]);
    const again = await update(booted.device, asked);
    expect(again).toMatchObject({ kind: version === '1.0.0' ? 'updated' : 'up_to_date' });
    await expectEnd('1.1.0', ['1.0.0', '1.1.0']);
  });
});

describe('the power is lost while a bad release is rolled back', () => {
  test('in ROLLING_BACK, with a way down: the next start finishes it and keeps what was written since', async () => {
    await installed({ ...next, ill: 'answers 503' });
    await powerLostIn('ROLLING_BACK');
    const booted = await bootAndRecover();
    expect(booted.trace()).toEqual(['COMPLETE', 'report rolled_back']);
    await expectEnd('1.0.0', ['1.0.0']);
    expect(await update(booted.device, asked)).toMatchObject({ kind: 'refused' });
  });

  test('in ROLLING_BACK, without a way down: the next start restores the backup and names the lost writes', async () => {
    await installed({ ...next, ill: 'answers 503', migration: 'has no way down' });
    await powerLostIn('ROLLING_BACK');
    const booted = await bootAndRecover();
    expect(booted.trace()).toEqual(['COMPLETE', 'report rolled_back']);
    const event = booted.events.find((event) => event.kind === 'report');
    expect(event?.report.lost_writes).toMatchObject({ from: expect.any(String), until: expect.any(String) });
    await expectEnd('1.0.0', ['1.0.0']);
  });

  test('in COMPLETE: the next start only reports', async () => {
    await installed({ ...next, ill: 'answers 503' });
    await powerLostIn('COMPLETE');
    const booted = await bootAndRecover();
    expect(booted.trace()).toEqual(['report rolled_back']);
    await expectEnd('1.0.0', ['1.0.0']);
  });
});

describe('the power is lost in a first install', () => {
  test.each(undoneStates)('in %s: the next start leaves nothing, and the one after that installs', async (state) => {
    await world.publish({ version: '1.0.0', counter: 1 });
    await powerLostIn(state);
    const { device } = await bootAndRecover();
    expect(await trees()).toEqual([]);
    expect(await update(device, asked)).toMatchObject({ kind: 'updated', from: null, to: '1.0.0' });
    expect((await world.ask()).version).toBe('1.0.0');
  });

  test.each([
    ['SWITCHING', 'nothing', null],
    ['SWITCHED', 'what its app may have been told', { from: expect.any(String), until: expect.any(String) }],
    ['VALIDATING', 'what its app may have been told', { from: expect.any(String), until: expect.any(String) }],
  ] as const)('in %s: its report says that %s is lost', async (state, _, lost_writes) => {
    await world.publish({ version: '1.0.0', counter: 1 });
    await powerLostIn(state);
    const { events } = await bootAndRecover();
    const event = events.find(({ kind }) => kind === 'report');
    expect(event).toMatchObject({ report: { kind: 'rolled_back', lost_writes } });
  });

  test.each(['VALIDATED', 'COMMITTING', 'COMPLETE'] as const)('in %s: the next start finishes it', async (state) => {
    await world.publish({ version: '1.0.0', counter: 1 });
    await powerLostIn(state);
    const { device } = await bootAndRecover();
    expect((await world.askUntil('1.0.0')).version).toBe('1.0.0');
    expect(await update(device, asked)).toMatchObject({ kind: 'up_to_date' });
  });
});

describe('the journal cannot be read', () => {
  const states = ['STAGED', 'MIGRATED', 'SWITCHED', 'VALIDATING', 'VALIDATED'] as const;

  test.each(states)('because it was damaged in %s: program and data go back', async (state) => {
    await installed(next);
    await powerLostIn(state);
    const journal = join(world.device_folder, 'state/journal.json');
    const text = readFileSync(journal, 'utf8');
    writeFileSync(journal, text.slice(0, text.length / 2));
    const booted = await bootAndRecover();
    expect(booted.trace()).toEqual(['ROLLING_BACK', 'COMPLETE', 'report rolled_back']);
    await expectEnd('1.0.0', ['1.0.0']);
    expect(await update(booted.device, asked)).toMatchObject({ kind: 'updated', to: '1.1.0' });
  });

  test('because it is of another format: program and data go back', async () => {
    await installed(next);
    await powerLostIn('SWITCHED');
    const journal = join(world.device_folder, 'state/journal.json');
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('kedge-journal/1', 'kedge-journal/9'));
    const booted = await bootAndRecover();
    expect(booted.trace()).toEqual(['ROLLING_BACK', 'COMPLETE', 'report rolled_back']);
    await expectEnd('1.0.0', ['1.0.0']);
  });
});

test('a version that brings the device down three times is not tried a fourth time', async () => {
  await installed(next);
  for (let times = 0; times < 3; times += 1) {
    await powerLostIn('SWITCHED');
    await bootAndRecover().then(({ cutPower }) => cutPower());
  }
  const { device } = await bootAndRecover();
  expect(await update(device, asked)).toMatchObject({ kind: 'refused' });
  await expectEnd('1.0.0', ['1.0.0']);
});
