import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DataPart } from '@kedge/core/manifest';
import type { Disk } from '@kedge/core/ports';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { failingDisk } from '@kedge/trust/testing/failing-disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeClock } from '../../testing/fake-clock.ts';
import { localData } from './local.ts';

let folder = '';
let data_folder = '';
let backup = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kedge-data-'));
  data_folder = join(folder, 'data');
  backup = join(folder, 'backups', 'one');
  await mkdir(data_folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function data(disk: Disk = nodeDisk) {
  const surroundings = { data_folder, variables: {}, agent_environment: process.env };
  return localData({ disk, clock: fakeClock(), sha256, surroundings, command_timeout_ms: 10_000 });
}

type Kind = { readonly part: DataPart; put(text: string): Promise<void>; get(): Promise<string | undefined> };

/** The same promises for each kind of part: how to put something there, and what is there. */
const kinds: readonly (readonly [string, Kind])[] = [
  ['a database in WAL mode', database('WAL')],
  ['a database with a rollback journal', database('DELETE')],
  ['a directory', directory()],
];

describe.for(kinds)('%s', ([, { part, put, get }]) => {
  const parts = [part];

  test('comes back as it was backed up', async () => {
    await put('old');
    await data().backup(parts, backup);
    await put('new');
    await data().restore(parts, backup);
    expect(await get()).toBe('old');
    expect(await readdir(data_folder)).toEqual(['place']);
  });

  test('that was not there is removed by the restore', async () => {
    await data().backup(parts, backup);
    await put('new');
    await data().restore(parts, backup);
    expect(await get()).toBeUndefined();
    expect(await readdir(join(data_folder, 'place'))).toEqual([]);
  });

  test('comes back when it is gone by now', async () => {
    await put('old');
    await data().backup(parts, backup);
    await rm(join(data_folder, 'place'), { recursive: true });
    await data().restore(parts, backup);
    expect(await get()).toBe('old');
  });

  test('keeps its modes', async () => {
    await put('old');
    const path = join(data_folder, part.path);
    await chmod(path, 0o750);
    await data().backup(parts, backup);
    await chmod(path, 0o700);
    await data().restore(parts, backup);
    expect((await stat(path)).mode & 0o7777).toBe(0o750);
  });

  test('is wholly restored by a repetition after an interruption at each disk operation', async () => {
    await put('old');
    await data().backup(parts, backup);
    const steps = await interruptedEverywhere(
      () => put('new'),
      (disk) => data(disk).restore(parts, backup),
      async () => {
        await data().restore(parts, backup);
        expect(await get()).toBe('old');
        expect(await readdir(data_folder)).toEqual(['place']);
        expect((await readdir(join(data_folder, 'place'))).filter((name) => name.includes('kedge'))).toEqual([]);
      },
    );
    expect(steps).toBeGreaterThan(4);
  });

  test('is wholly backed up or not at all after an interruption at each disk operation', async () => {
    await put('old');
    const steps = await interruptedEverywhere(
      () => rm(backup, { recursive: true, force: true }),
      (disk) => data(disk).backup(parts, backup),
      async () => {
        if (await nodeDisk.stat(backup)) await data().restore(parts, backup);
        else await data().backup(parts, backup);
        expect(await readdir(join(folder, 'backups'))).toEqual(['one']);
        expect(await readdir(backup)).toEqual(['contents.json', 'data']);
      },
    );
    expect(steps).toBeGreaterThan(4);
  });

  test('is not mixed with what an interrupted backup or restore of another time left', async () => {
    await put('old');
    const place = join(data_folder, part.path);
    for (const left of [`${backup}-other.partial`, `${backup}.partial`, `${place}.kedge-new`, `${place}.kedge-old`]) {
      await mkdir(join(left, 'data', 'deep'), { recursive: true });
    }
    await data().backup(parts, backup);
    await data().restore(parts, backup);
    expect(await get()).toBe('old');
    expect(await readdir(join(folder, 'backups'))).toEqual(['one']);
    expect(await readdir(join(backup, 'data'))).toEqual(['place']);
    if (part.kind === 'directory') expect(await readdir(place)).toEqual(['deep', 'same']);
  });

  test('is not backed up over another backup', async () => {
    await put('old');
    await data().backup(parts, backup);
    await expect(data().backup(parts, backup)).rejects.toThrow(/give the new one another name/);
  });
});

describe('restore', () => {
  test('never leaves a restored database beside an old log', async () => {
    const { part, put } = database('WAL');
    await put('old');
    await data().backup([part], backup);
    const path = join(data_folder, part.path);
    const restored = await readFile(join(backup, 'data', part.path));
    await interruptedEverywhere(
      async () => {
        await put('new');
        for (const suffix of ['-wal', '-shm', '-journal']) await writeFile(`${path}${suffix}`, 'old log');
      },
      (disk) => data(disk).restore([part], backup),
      async () => {
        if (!restored.equals(await readFile(path))) return;
        for (const suffix of ['-wal', '-journal']) expect(await nodeDisk.stat(`${path}${suffix}`)).toBeUndefined();
      },
    );
  });

  test('refuses parts that the backup was made without, and touches nothing', async () => {
    const { part, put, get } = directory();
    await put('kept');
    await data().backup([], backup);
    await expect(data().restore([part], backup)).rejects.toThrow(/made without place\/part/);
    expect(await get()).toBe('kept');
  });

  test('says so when there is no such backup', async () => {
    await expect(data().restore([], backup)).rejects.toThrow(`there is no backup at ${backup}`);
  });
});

function database(journal_mode: 'WAL' | 'DELETE'): Kind {
  const path = () => join(data_folder, 'place', 'app.db');
  return {
    part: { kind: 'sqlite', path: 'place/app.db' },
    async put(text) {
      await mkdir(join(data_folder, 'place'), { recursive: true });
      await rm(path(), { force: true });
      for (const suffix of ['-wal', '-shm', '-journal']) await rm(`${path()}${suffix}`, { force: true });
      using database = new DatabaseSync(path());
      database.exec(`PRAGMA journal_mode = ${journal_mode}; CREATE TABLE t (x)`);
      database.prepare('INSERT INTO t VALUES (?)').run(text);
    },
    async get() {
      if (!(await nodeDisk.stat(path()))) return undefined;
      using database = new DatabaseSync(path());
      return String(database.prepare('SELECT x FROM t').get()?.['x']);
    },
  };
}

function directory(): Kind {
  const path = (...names: string[]) => join(data_folder, 'place', 'part', ...names);
  return {
    part: { kind: 'directory', path: 'place/part' },
    async put(text) {
      await rm(path(), { recursive: true, force: true });
      await mkdir(path('deep'), { recursive: true });
      await writeFile(path('deep', createHash('md5').update(text).digest('hex')), text);
      await writeFile(path('same'), text);
    },
    async get() {
      if (!(await nodeDisk.stat(path()))) return undefined;
      const texts = (await readdir(path('deep'))).map((name) => readFile(path('deep', name), 'utf8'));
      texts.push(readFile(path('same'), 'utf8'));
      return [...new Set(await Promise.all(texts))].join();
    },
  };
}

/** Does the work with a disk that fails at its first change, then at its second, ... until none fails. @returns how many there were */
async function interruptedEverywhere(
  before: () => Promise<void>,
  work: (disk: Disk) => Promise<void>,
  afterwards: () => Promise<void>,
): Promise<number> {
  for (let fails_at = 1; ; fails_at += 1) {
    await before();
    const { disk } = failingDisk(nodeDisk, fails_at);
    let failed = false;
    await work(disk).catch((error: unknown) => {
      failed = true;
      expect(error).toMatchObject({ code: 'EIO' });
    });
    await afterwards();
    if (!failed) return fails_at;
  }
}
