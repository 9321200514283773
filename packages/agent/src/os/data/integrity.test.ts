import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { integrityProblems } from './integrity.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kedge-integrity-'));
  path = join(folder, 'app.db');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function make(script: string): void {
  using database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec(script);
}

test('a sound database has no problems', () => {
  make('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
  expect(integrityProblems(path)).toEqual([]);
});

test('a row that refers to none is a problem', () => {
  make('CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id)); INSERT INTO c VALUES (7)');
  expect(integrityProblems(path)).toEqual(['row 1 of c points to no row of p']);
});

test('a row that breaks the rules of its table is a problem', () => {
  make('CREATE TABLE t (x CHECK (x > 0)); PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (-1)');
  expect(integrityProblems(path)).toEqual(['CHECK constraint failed in t']);
});

test('a page that was overwritten is a problem', async () => {
  make(
    `CREATE TABLE t (x); CREATE INDEX i ON t (x);
     WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000) INSERT INTO t SELECT n FROM c`,
  );
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(4096, 7), 0, 4096, 4096 * 3);
  await file.close();
  expect(integrityProblems(path).length).toBeGreaterThan(0);
});

test('a file that is no database is a problem', async () => {
  await writeFile(path, 'not a database, but long enough to be taken for one '.repeat(100));
  expect(integrityProblems(path)).toEqual(['file is not a database']);
});
