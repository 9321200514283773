import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { DataPart } from '@kedge/core/manifest';
import type { Disk } from '@kedge/core/ports';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeClock } from '../../testing/fake-clock.ts';
import { integrityProblems } from './integrity.ts';
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

describe('the backup of a database', () => {
  test('is one snapshot while another process writes', async () => {
    const path = join(data_folder, 'app.db');
    const writer = spawn(process.execPath, ['-e', accounts(path)], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(writer.stdout, 'data');
      for (const name of ['one', 'two', 'three'])
        await data().backup([{ kind: 'sqlite', path: 'app.db' }], join(folder, name));
    } finally {
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
    const counts = ['one', 'two', 'three'].map((name) => {
      const copy = join(folder, name, 'data', 'app.db');
      expect(integrityProblems(copy)).toEqual([]);
      using database = new DatabaseSync(copy);
      const [row] = database
        .prepare('SELECT (SELECT sum(n) FROM a) AS a, (SELECT sum(n) FROM b) AS b, (SELECT count(*) FROM a) AS count')
        .all();
      expect(row?.['a']).toBe(row?.['b']);
      return Number(row?.['count']);
    });
    expect(counts[2]).toBeGreaterThan(counts[0] ?? 0);
  });

  test('says that the database is locked, and leaves no empty copy', { timeout: 20_000 }, async () => {
    using database = new DatabaseSync(join(data_folder, 'app.db'));
    database.exec('CREATE TABLE t (x); BEGIN EXCLUSIVE');
    const failing = data().backup([{ kind: 'sqlite', path: 'app.db' }], backup);
    await expect(failing).rejects.toMatchObject({
      code: 'EBUSY',
      message: expect.stringMatching(/locked; stop whatever else/),
    });
    expect(await nodeDisk.stat(backup)).toBeUndefined();
  });

  test('includes what a killed program left to roll back, rolled back', async () => {
    const path = join(data_folder, 'app.db');
    const program = `
      const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(${JSON.stringify(path)});
      database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1); PRAGMA cache_size = 1; BEGIN');
      database.exec('WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000) INSERT INTO t SELECT hex(randomblob(50)) FROM c');
      process.kill(process.pid, 'SIGKILL');
    `;
    await once(spawn(process.execPath, ['-e', program]), 'exit');
    expect(await nodeDisk.stat(`${path}-journal`)).toBeDefined();
    await data().backup([{ kind: 'sqlite', path: 'app.db' }], backup);
    using copy = new DatabaseSync(join(backup, 'data', 'app.db'));
    expect(copy.prepare('SELECT count(*) AS n FROM t').get()).toEqual({ n: 1 });
  });
});

describe('the backup of a directory', () => {
  const parts: readonly DataPart[] = [{ kind: 'directory', path: 'media' }];
  const media = (...names: string[]) => join(data_folder, 'media', ...names);

  test('keeps folders, symlinks and times, and leaves sockets out', async () => {
    await mkdir(media('empty'), { recursive: true });
    await writeFile(media('a'), 'a');
    await symlink('../elsewhere', media('link'));
    const server = createServer().listen(media('socket'));
    await once(server, 'listening');
    await data().backup(parts, backup);
    server.close();
    const copy = join(backup, 'data', 'media');
    expect(await readdir(copy)).toEqual(['a', 'empty', 'link']);
    expect(await nodeDisk.stat(join(copy, 'link'))).toEqual({ kind: 'symlink', target: '../elsewhere' });
    expect((await stat(join(copy, 'a'))).mtimeMs).toBeCloseTo((await stat(media('a'))).mtimeMs, 0);
  });

  test('copies again what changed meanwhile', async () => {
    await mkdir(media('sub'), { recursive: true });
    await writeFile(media('a'), 'before');
    await writeFile(media('gone'), 'x');
    const change = async () => {
      await writeFile(media('a'), 'after, and longer');
      await writeFile(media('late'), 'x');
      await rm(media('gone'));
      await rm(media('sub'), { recursive: true });
      await writeFile(media('sub'), 'a file now');
    };
    await data(changing(change, 1)).backup(parts, backup);
    const copy = join(backup, 'data', 'media');
    expect(await readdir(copy)).toEqual(['a', 'late', 'sub']);
    expect(await readFile(join(copy, 'a'), 'utf8')).toBe('after, and longer');
    expect(await readFile(join(copy, 'sub'), 'utf8')).toBe('a file now');
  });

  test('gives up on one that never stands still', async () => {
    await mkdir(media());
    let count = 0;
    const change = () => writeFile(media('a'), 'x'.repeat((count += 1)));
    await change();
    await expect(data(changing(change, 100)).backup(parts, backup)).rejects.toThrow(/changed during each of 5 copies/);
    expect(await nodeDisk.stat(backup)).toBeUndefined();
  });

  test('refuses parts that overlap, and one that is of another kind', async () => {
    await mkdir(media());
    const nested: readonly DataPart[] = [...parts, { kind: 'sqlite', path: 'media/app.db' }];
    await expect(data().backup(nested, backup)).rejects.toThrow('"media" and "media/app.db" overlap');
    await expect(data().backup([{ kind: 'sqlite', path: 'media' }], backup)).rejects.toThrow('is a folder, not a file');
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

/** A program that keeps two tables in balance, by transactions of two writes. */
function accounts(path: string): string {
  return `
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(${JSON.stringify(path)}, { timeout: 10000 });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE a (n, pad); CREATE TABLE b (n, pad)');
    for (let n = 0; ; n += 1) {
      database.exec('BEGIN');
      database.exec('INSERT INTO a VALUES (' + n + ', randomblob(500))');
      database.exec('INSERT INTO b VALUES (' + n + ', randomblob(500))');
      database.exec('COMMIT');
      if (n === 2000) process.stdout.write('ready');
    }
  `;
}

/** A disk on which the app changes something at each of the first `count` copies' end of a file. */
function changing(change: () => Promise<void>, count: number): Disk {
  let left = count;
  return {
    ...nodeDisk,
    async removeFile(path) {
      await nodeDisk.removeFile(path);
      if (!path.endsWith('/a') || left === 0) return;
      left -= 1;
      await change();
    },
  };
}

/** Does the work with a disk that fails at its first change, then at its second, ... until none fails. @returns how many there were */
async function interruptedEverywhere(
  before: () => Promise<void>,
  work: (disk: Disk) => Promise<void>,
  afterwards: () => Promise<void>,
): Promise<number> {
  for (let allowed = 0; ; allowed += 1) {
    await before();
    let failed = false;
    await work(failingAfter(allowed)).catch((error: unknown) => {
      failed = true;
      expect(error).toMatchObject({ code: 'EIO' });
    });
    await afterwards();
    if (!failed) return allowed;
  }
}

function failingAfter(allowed: number): Disk {
  let left = allowed;
  const counted =
    <A extends readonly unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      left -= 1;
      if (left < 0) throw Object.assign(new Error('the power is gone'), { code: 'EIO' });
      return work(...args);
    };
  return {
    ...nodeDisk,
    open: counted(nodeDisk.open),
    makeFolder: counted(nodeDisk.makeFolder),
    rename: counted(nodeDisk.rename),
    removeFile: counted(nodeDisk.removeFile),
    removeFolder: counted(nodeDisk.removeFolder),
    symlink: counted(nodeDisk.symlink),
    setMode: counted(nodeDisk.setMode),
    syncFolder: counted(nodeDisk.syncFolder),
  };
}
