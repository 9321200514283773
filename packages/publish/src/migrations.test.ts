import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Migration } from '@kedge/core/manifest';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readMigrations } from './migrations.ts';
import { readSourceTree } from './source-tree.ts';

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-migrations-'));
  await mkdir(join(folder, 'migrations'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const ports = { disk: nodeDisk, sha256 };
const program = '#!/bin/sh\n';

function write(name: string, content: string, mode = 0o644): void {
  writeFileSync(join(folder, 'migrations', name), content, { mode });
}

async function migrations(): Promise<readonly Migration[]> {
  const entries = await readSourceTree(ports, folder, 'any');
  return readMigrations(ports, folder, entries, { database: 'app.db', folder: 'migrations' });
}

test('SQL and programs stand in one order, by their numbers', async () => {
  write('0003_last.up.sql', 'SELECT 3;');
  write('0002_covers.up', program, 0o755);
  write('0002_covers.down', program, 0o755);
  write('0002_covers.check', program, 0o755);
  write('0001_first.up.sql', 'SELECT 1;');
  expect(await migrations()).toEqual([
    expect.objectContaining({ kind: 'sql', id: '0001_first', up: 'migrations/0001_first.up.sql' }),
    {
      kind: 'command',
      id: '0002_covers',
      database: 'app.db',
      up: ['migrations/0002_covers.up'],
      down: ['migrations/0002_covers.down'],
      precheck: ['migrations/0002_covers.check'],
    },
    expect.objectContaining({ kind: 'sql', id: '0003_last' }),
  ]);
});

test('a program with neither a way down nor a pre-check is one without them', async () => {
  write('0001_covers.up', program, 0o755);
  expect(await migrations()).toEqual([
    { kind: 'command', id: '0001_covers', database: 'app.db', up: ['migrations/0001_covers.up'] },
  ]);
});

test('what lies outside of the folder is no migration', async () => {
  writeFileSync(join(folder, '0001_other.up'), program);
  expect(await migrations()).toEqual([]);
});

describe('refused in one line that says what to do', () => {
  test('a program that is not executable', async () => {
    write('0001_covers.up', program);
    await expect(migrations()).rejects.toThrow(
      'migrations/0001_covers.up: is not executable; give it mode 0755, or name it .sql if that is what it is',
    );
  });

  test('SQL and a program for one migration', async () => {
    write('0001_covers.up', program, 0o755);
    write('0001_covers.down.sql', 'SELECT 1;');
    await expect(migrations()).rejects.toThrow(
      'migrations/0001_covers: is SQL in one part and a program in another; make them all of one kind',
    );
  });

  test.each([
    ['0001_covers.down', 0o755, 'migrations/0001_covers.up: is missing'],
    ['0001_covers.check.sql', 0o644, 'migrations/0001_covers.up.sql: is missing'],
    ['0001_covers.sh', 0o755, 'migrations/0001_covers.sh: must be named like 0004_add_tags.up.sql'],
    ['covers.up', 0o755, 'migrations/covers.up: must be named like'],
  ])('%s alone', async (name, mode, line) => {
    write(name, program, mode);
    await expect(migrations()).rejects.toThrow(line);
  });

  test('a folder of migrations that the tree has not: nobody would miss them before the devices do', async () => {
    writeFileSync(join(folder, 'server.mjs'), program);
    const entries = await readSourceTree(ports, folder, 'any');
    const source = { database: 'app.db', folder: 'migration' };
    await expect(readMigrations(ports, folder, entries, source)).rejects.toThrow(
      'migrations: there is no folder migration in the tree',
    );
  });

  test('two migrations of one number, whose order would be by chance', async () => {
    write('0001_covers.up.sql', 'SELECT 1;');
    write('0001_artists.up.sql', 'SELECT 1;');
    await expect(migrations()).rejects.toThrow(
      'migrations/0001_covers: has the number of 0001_artists; give the newer one the next number',
    );
  });

  test('a symlink, which would be a migration that nobody runs', async () => {
    symlinkSync('../program', join(folder, 'migrations/0001_covers.up'));
    await expect(migrations()).rejects.toThrow('migrations/0001_covers.up: is a symlink; put the file itself there');
  });
});
