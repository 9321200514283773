/** A disk that kept less than it said: what is damaged is noticed at the start, and the app runs as well as it can. */

import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createAgent } from '@kedge/agent/agent';
import type { JournalState } from '@kedge/core/journal';
import { nodeDisk } from '@kedge/trust/os/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cuttableDisk } from './testing/cuttable-disk.ts';
import { type Booted, createWorld, type World } from './testing/world.ts';

const asked = { kind: 'asked', wanted: null } as const;

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.publish({ version: '1.0.0', counter: 1 });
  const { device, cutPower } = await world.boot();
  expect(await createAgent(device).check(asked)).toMatchObject({ kind: 'updated' });
  await world.ask('kept', 'POST');
  await cutPower();
  await world.publish({ version: '1.1.0', counter: 2 });
});
afterEach(() => world.close());

const inDevice = (path: string): string => join(world.device_folder, path);
const live = () => readlinkSync(inDevice('current'));

/** As a file looks whose name was kept and whose bytes were not. */
function empty(...paths: readonly string[]): void {
  for (const path of paths) truncateSync(inDevice(path));
}

async function bootAndRecover(): Promise<Booted> {
  const booted = await world.boot();
  await createAgent(booted.device).recover();
  return booted;
}

const logged = () => readFileSync(inDevice('log/events.jsonl'), 'utf8');

async function cutOffIn(state: JournalState): Promise<void> {
  const { device, cutPower } = await world.boot({ disk: cuttableDisk(nodeDisk, state) });
  const agent = createAgent(device);
  await agent.recover();
  await expect(agent.check(asked)).rejects.toThrow(/power|stage/);
  await cutPower();
}

async function expectUpdated(booted: Booted): Promise<void> {
  expect(await createAgent(booted.device).check(asked)).toMatchObject({ kind: 'updated', to: '1.1.0' });
  expect(await world.ask()).toMatchObject({ version: '1.1.0', rows: [{ text: 'kept' }] });
}

describe('an update was cut off, and the journal is damaged', () => {
  /** The one of the update: before the first install there was no database, and their ids may begin with the same second. */
  const backup = (): string => {
    const all = readdirSync(inDevice('backups')).map((id) => `backups/${id}`);
    return all.find((folder) => existsSync(inDevice(`${folder}/data/app.db`))) ?? 'none';
  };

  test('with the manifest of the new release: program and data go back, by the backup', async () => {
    await cutOffIn('SWITCHED');
    empty('state/journal.json', 'state/manifests/1.1.0.json');
    const booted = await bootAndRecover();
    expect(booted.trace()).toEqual(['ROLLING_BACK', 'COMPLETE', 'report rolled_back']);
    expect(await world.askUntil('1.0.0')).toEqual({ version: '1.0.0', rows: [{ id: 1, text: 'kept' }] });
    expect(existsSync(inDevice('releases/1.1.0'))).toBe(false);
    await expectUpdated(booted);
  });

  test.each([
    ['list of the backup is empty', () => empty(`${backup()}/contents.json`)],
    ['database of the backup is empty', () => empty(`${backup()}/data/app.db`)],
    ['database of the backup is half', () => truncateSync(inDevice(`${backup()}/data/app.db`), 4096)],
    ['database of the backup is zeros', () => writeFileSync(inDevice(`${backup()}/data/app.db`), Buffer.alloc(8192))],
  ])('and the %s: the program goes back, and the data stays as it is', async (_, damage) => {
    await cutOffIn('SWITCHED');
    empty('state/journal.json', 'state/manifests/1.1.0.json');
    damage();
    const booted = await bootAndRecover();
    expect(booted.trace()).toEqual(['ROLLING_BACK', 'COMPLETE', 'report rolled_back']);
    expect(await world.askUntil('1.0.0')).toMatchObject({ version: '1.0.0', rows: [{ text: 'kept' }] });
    expect(logged()).toContain('"event":"backup_unusable"');
    await expectUpdated(booted);
  });

  test('with what is written of both releases: the one that is known is gone back to', async () => {
    await cutOffIn('COMPLETE');
    empty('state/journal.json', 'state/manifests/1.1.0.json', 'state/installed.json');
    const booted = await bootAndRecover();
    expect(await world.askUntil('1.0.0')).toMatchObject({ version: '1.0.0', rows: [{ text: 'kept' }] });
    expect(live()).toBe('releases/1.0.0');
    await expectUpdated(booted);
  });
});

test('a damaged journal of an update that is over is told of once, and a link that is moved later stays moved', async () => {
  const first = await bootAndRecover();
  await expectUpdated(first);
  await first.cutPower();
  empty('state/journal.json');
  const second = await bootAndRecover();
  expect(second.trace()).toEqual([]);
  expect(live()).toBe('releases/1.1.0');
  await second.cutPower();
  rmSync(inDevice('current'));
  symlinkSync('releases/1.0.0', inDevice('current'));
  await bootAndRecover();
  expect(await world.askUntil('1.0.0')).toEqual({ version: '1.0.0', rows: [{ id: 1, text: 'kept' }] });
  expect(logged().match(/"event":"journal_damaged"/g)).toHaveLength(1);
});

describe('the tree of the live release has changed', () => {
  const damages: readonly (readonly [string, () => void])[] = [
    ['is empty where it was not', () => empty('releases/1.1.0/app.mjs')],
    ['is gone', () => rmSync(inDevice('releases/1.1.0/release.json'))],
  ];

  test.each(damages)(
    'a file %s: the one before runs with its data, and the new one is fetched again',
    async (_, damage) => {
      const first = await bootAndRecover();
      await expectUpdated(first);
      await first.cutPower();
      damage();
      const booted = await bootAndRecover();
      expect(booted.trace()).toEqual(['ROLLING_BACK', 'COMPLETE', 'report rolled_back']);
      expect(await world.askUntil('1.0.0')).toEqual({ version: '1.0.0', rows: [{ id: 1, text: 'kept' }] });
      await expectUpdated(booted);
    },
  );

  test('with its way down: the one before runs, on data that stays and loses nothing', async () => {
    const first = await bootAndRecover();
    await expectUpdated(first);
    await first.cutPower();
    empty('releases/1.1.0/app.mjs', 'releases/1.1.0/migrations/0002_stars.down.sql');
    const booted = await bootAndRecover();
    expect(await world.askUntil('1.0.0')).toMatchObject({ version: '1.0.0', rows: [{ text: 'kept' }] });
    await expectUpdated(booted);
  });

  test('only by what the app itself has added: it is started as ever', async () => {
    const first = await bootAndRecover();
    await expectUpdated(first);
    await first.cutPower();
    writeFileSync(inDevice('releases/1.1.0/cache'), 'made by the app');
    const booted = await bootAndRecover();
    expect(booted.trace()).toEqual([]);
    expect(await world.askUntil('1.1.0')).toMatchObject({ version: '1.1.0' });
  });

  test('and there is none before it: it is started as it is, and the log says so', async () => {
    empty('releases/1.0.0/migrations/0001_notes.down.sql');
    await bootAndRecover();
    expect(await world.askUntil('1.0.0')).toMatchObject({ version: '1.0.0', rows: [{ text: 'kept' }] });
    expect(logged()).toContain('"event":"tree_damaged","version":"1.0.0","going_back_to":null');
  });
});
