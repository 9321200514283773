import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
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

  test('has its name durably once it is done', async () => {
    using database = new DatabaseSync(join(data_folder, 'app.db'));
    database.exec('CREATE TABLE t (x)');
    const done: string[] = [];
    const watched: Disk = {
      ...nodeDisk,
      rename: (from, to) => nodeDisk.rename(from, to).then(() => void done.push(`rename ${to}`)),
      syncFolder: (path) => nodeDisk.syncFolder(path).then(() => void done.push(`sync ${path}`)),
    };
    await data(watched).backup([{ kind: 'sqlite', path: 'app.db' }], backup);
    expect(done.slice(-2)).toEqual([`rename ${backup}`, `sync ${join(folder, 'backups')}`]);
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
      if (n === 4000) process.stdout.write('ready');
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
