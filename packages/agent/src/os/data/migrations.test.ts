import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Manifest, type Migration, manifest, manifestFormat } from '@kedge/core/manifest';
import { parseWith } from '@kedge/core/parse';
import { type Disk, errorCode } from '@kedge/core/ports';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LocalRelease } from '../../ports.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { localData } from './local.ts';

let folder = '';
let path = '';
let release: LocalRelease = { manifest: someManifest(), folder };
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kedge-migrations-'));
  path = join(folder, 'data', 'app.db');
  release = { manifest: someManifest(), folder: join(folder, 'release') };
  await mkdir(release.folder);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function data(command_timeout_ms = 10_000, disk: Disk = nodeDisk) {
  const surroundings = { data_folder: join(folder, 'data'), variables: { port: '80' }, agent_environment: process.env };
  return localData({ disk, clock: fakeClock(), sha256, surroundings, command_timeout_ms });
}

const appliedIds = async () => (await data().applied('app.db')).map(({ id }) => id);

describe('an SQL migration', () => {
  test('is applied with its row, once', async () => {
    const migration = await sql('001', 'CREATE TABLE t (x); INSERT INTO t VALUES (1);');
    await data().migrateUp(migration, release);
    await data().migrateUp(migration, release);
    expect(rows('SELECT x FROM t')).toEqual([{ x: 1 }]);
    expect(rows('SELECT * FROM _migrations')).toEqual([
      { id: '001', checksum: migration.sha256, version: '2.6.0', applied_at: '2026-01-20T08:00:00.000Z' },
    ]);
  });

  test('is undone with its row, once', async () => {
    const migration = await sql('001', 'CREATE TABLE t (x)', 'DROP TABLE t');
    await data().migrateUp(migration, release);
    await data().migrateDown(migration, release);
    await data().migrateDown(migration, release);
    expect(await appliedIds()).toEqual([]);
    expect(rows("SELECT name FROM sqlite_schema WHERE name = 't'")).toEqual([]);
  });

  test('is listed in the order of being applied', async () => {
    for (const id of ['002', '010', '001']) await data().migrateUp(await sql(id, `CREATE TABLE t${id} (x)`), release);
    expect(await appliedIds()).toEqual(['002', '010', '001']);
    expect(await data().applied('none.db')).toEqual([]);
  });

  test('that fails in its middle leaves nothing, and says where it failed', async () => {
    const migration = await sql('001', 'CREATE TABLE t (x); INSERT INTO nowhere VALUES (1)');
    await expect(data().migrateUp(migration, release)).rejects.toMatchObject({
      message: `migration 001 up of ${path} failed: no such table: nowhere`,
      code: undefined,
    });
    expect(rows('SELECT name FROM sqlite_schema')).toEqual([]);
  });

  test.for(['BEGIN', 'COMMIT', 'END TRANSACTION', 'ROLLBACK', "ATTACH ':memory:' AS other"])(
    'that contains %s is refused and leaves nothing',
    async (statement) => {
      const migration = await sql('001', `CREATE TABLE t (x);\n-- a comment\n${statement};\nCREATE TABLE u (x)`);
      await expect(data().migrateUp(migration, release)).rejects.toThrow(/contains \w+; take it out/);
      expect(rows('SELECT name FROM sqlite_schema')).toEqual([]);
    },
  );

  test('may make triggers, whose bodies begin and end', async () => {
    const trigger = 'CREATE TRIGGER r AFTER INSERT ON t BEGIN UPDATE t SET x = x + 1; END;';
    await data().migrateUp(await sql('001', `CREATE TABLE t (x); ${trigger} INSERT INTO t VALUES (1);`), release);
    expect(rows('SELECT x FROM t')).toEqual([{ x: 2 }]);
  });

  test('is not run when a script is not the one of the manifest', async () => {
    const migration = await sql('001', 'CREATE TABLE t (x)', 'DROP TABLE t');
    await writeFile(join(release.folder, '001.down.sql'), 'DROP TABLE users');
    await expect(data().migrateUp(migration, release)).rejects.toThrow(/not those of the manifest/);
    expect(await nodeDisk.stat(path)).toBeUndefined();
  });

  test('with a zero byte is refused, because SQLite would stop there', async () => {
    const migration = await sql('001', 'CREATE TABLE t (x);\0 CREATE TABLE u (x)');
    await expect(data().migrateUp(migration, release)).rejects.toThrow(/zero byte/);
  });

  test('that was changed after it was applied is refused', async () => {
    await data().migrateUp(await sql('001', 'CREATE TABLE t (x)'), release);
    await expect(data().migrateUp(await sql('001', 'CREATE TABLE u (x)'), release)).rejects.toThrow(
      /was changed after/,
    );
  });

  test('without a way down says so', async () => {
    const migration = await sql('001', 'CREATE TABLE t (x)');
    await data().migrateUp(migration, release);
    await expect(data().migrateDown(migration, release)).rejects.toThrow('001 has no way down; restore the backup');
  });

  test('may rebuild a table that others refer to, but may not leave a broken reference', async () => {
    const schema = 'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id) ON DELETE CASCADE);';
    await data().migrateUp(await sql('001', `${schema} INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)`), release);
    const rebuild = 'CREATE TABLE q (id INTEGER PRIMARY KEY, x); INSERT INTO q (id) SELECT id FROM p; DROP TABLE p;';
    await data().migrateUp(await sql('002', `${rebuild} ALTER TABLE q RENAME TO p`), release);
    expect(rows('SELECT * FROM c')).toEqual([{ p: 1 }]);
    await expect(data().migrateUp(await sql('003', 'DELETE FROM p'), release)).rejects.toThrow(
      /a foreign key would be broken: row 1 of c/,
    );
    expect(rows('SELECT id FROM p')).toEqual([{ id: 1 }]);
  });

  test('is not held guilty of a reference that was broken before', async () => {
    await data().migrateUp(await sql('001', 'CREATE TABLE t (x)'), release);
    using database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    database.exec(
      'CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id)); INSERT INTO c VALUES (7)',
    );
    database.close();
    await data().migrateUp(await sql('002', 'ALTER TABLE t ADD y'), release);
    expect(await appliedIds()).toEqual(['001', '002']);
  });

  test('on a locked database says what to do, and that it is not the fault of the release', async () => {
    await data().migrateUp(await sql('001', 'PRAGMA user_version = 1'), release);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const failing = data().migrateUp(await sql('002', 'CREATE TABLE t (x)'), release);
    await expect(failing).rejects.toMatchObject({
      code: 'EBUSY',
      message: expect.stringContaining('stop whatever else uses it'),
    });
    other.close();
  });

  test('on a file that is no database says so', async () => {
    await mkdir(join(folder, 'data'));
    await writeFile(path, 'not a database, but long enough to be taken for one '.repeat(100));
    await expect(data().migrateUp(await sql('001', 'CREATE TABLE t (x)'), release)).rejects.toMatchObject({
      code: 'EIO',
    });
  });
});

describe('kill -9', () => {
  test.for(['WAL', 'DELETE'])('in the middle of a migration of a %s database leaves nothing of it', async (mode) => {
    const migration = await prepared(mode);
    await killAt('inside', migration);
    expect(rows('SELECT count(*) AS n FROM t')).toEqual([{ n: 0 }]);
    expect(await appliedIds()).toEqual(['001']);
    await data().migrateUp(migration, release);
    expect(rows('SELECT count(*) AS n FROM t')).toEqual([{ n: 50_000 }]);
  });

  test.for(['WAL', 'DELETE'])('right after the commit in a %s database leaves all of it', async (mode) => {
    const migration = await prepared(mode);
    await killAt('committed', migration);
    expect(rows('SELECT count(*) AS n FROM t')).toEqual([{ n: 50_000 }]);
    expect(await appliedIds()).toEqual(['001', '002']);
  });

  test.for(['WAL', 'DELETE'])(
    'right after the commit in a %s database: it is durable before anybody hears of it',
    async (mode) => {
      const migration = await prepared(mode);
      // As long as somebody reads it, the WAL stays.
      using reader = new DatabaseSync(path);
      reader.prepare('SELECT count(*) FROM t').get();
      await killAt('committed', migration);
      const synced: string[] = [];
      const disk: Disk = {
        ...nodeDisk,
        async open(file, how, bits) {
          const writer = await nodeDisk.open(file, how, bits);
          return { ...writer, sync: () => writer.sync().then(() => void synced.push(file)) };
        },
        syncFolder: (at) => nodeDisk.syncFolder(at).then(() => void synced.push(at)),
      };
      await data(10_000, disk).applied('app.db');
      expect(synced).toEqual([...(mode === 'WAL' ? [`${path}-wal`] : []), join(folder, 'data')]);
    },
  );

  async function prepared(mode: string): Promise<Migration> {
    await mkdir(join(folder, 'data'));
    new DatabaseSync(path).exec(`PRAGMA journal_mode = ${mode}`);
    await data().migrateUp(await sql('001', 'CREATE TABLE t (x)'), release);
    const numbers = 'WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 50000)';
    return sql('002', `${numbers} INSERT INTO t SELECT hex(randomblob(100)) FROM c`);
  }

  /** Runs the migration in another process, which stops for ever at that moment and is killed there. */
  async function killAt(moment: 'inside' | 'committed', migration: Migration): Promise<void> {
    const module = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
    const program = `
      import { writeSync } from 'node:fs';
      const [{ localData }, { nodeDisk }, { sha256 }] = await Promise.all([
        import(${module('./local.ts')}), import('@kedge/trust/os/disk'), import('@kedge/trust/os/sha256'),
      ]);
      function stop() {
        writeSync(1, 'here');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      }
      const { data_folder, migration, release, moment } = JSON.parse(process.argv[1]);
      const clock = { now_ms: () => (moment === 'inside' ? stop() : 0) };
      const disk = { ...nodeDisk, syncFolder: (path) => (moment === 'committed' ? stop() : nodeDisk.syncFolder(path)) };
      const surroundings = { data_folder, variables: {}, agent_environment: {} };
      await localData({ disk, clock, sha256, surroundings, command_timeout_ms: 1000 }).migrateUp(migration, release);
    `;
    const task = JSON.stringify({ data_folder: join(folder, 'data'), migration, release, moment });
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, task], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: new URL('.', import.meta.url),
    });
    children.push(child);
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

describe('a pre-check in SQL', () => {
  test('gives a reason for each row that its SELECTs find', async () => {
    await data().migrateUp(await sql('001', "CREATE TABLE t (x); INSERT INTO t VALUES ('a;b'), ('c')"), release);
    const script =
      "-- no; statement\nSELECT 'odd', x FROM t WHERE x = 'a;b';\n/* nor; here */ SELECT x FROM t WHERE x = 'd'; SELECT x FROM t WHERE x = 'c'";
    expect(await data().precheck(await sql('002', '', undefined, script), release)).toEqual(['odd a;b', 'c']);
  });

  test('has nothing to say of a database that is not there', async () => {
    expect(await data().precheck(await sql('001', '', undefined, 'SELECT 1'), release)).toEqual([]);
  });

  test('cannot change anything', async () => {
    await data().migrateUp(await sql('001', 'CREATE TABLE t (x)'), release);
    await expect(data().precheck(await sql('002', '', undefined, 'INSERT INTO t VALUES (1)'), release)).rejects.toThrow(
      /readonly/,
    );
    expect(rows('SELECT x FROM t')).toEqual([]);
  });
});

describe('a command migration', () => {
  test('runs in the folder of the release, knows its database, and is recorded', async () => {
    const migration = await command('pwd > $KEDGE_DATA/out; echo "$KEDGE_DATABASE $1" >> $KEDGE_DATA/out', ['${port}']);
    await data().migrateUp(migration, release);
    await data().migrateUp(migration, release);
    expect(await readFile(join(folder, 'data', 'out'), 'utf8')).toBe(`${release.folder}\n${path} 80\n`);
    expect(await appliedIds()).toEqual(['cmd']);
    await data().migrateDown(migration, release);
    expect(await appliedIds()).toEqual([]);
  });

  test('that may have begun is run back, although it is not recorded', async () => {
    await data().migrateDown(await command('echo back >> $KEDGE_DATA/out'), release);
    expect(await readFile(join(folder, 'data', 'out'), 'utf8')).toBe('back\n');
    expect(await appliedIds()).toEqual([]);
  });

  test('that fails says how, and is not recorded', async () => {
    const migration = await command('echo "no such table: users" >&2; exit 3');
    await expect(data().migrateUp(migration, release)).rejects.toThrow(
      '"run.sh" ended with exit code 3: no such table: users',
    );
    expect(await appliedIds()).toEqual([]);
    expect(await data().precheck(migration, release)).toEqual([
      '"run.sh" ended with exit code 3: no such table: users',
    ]);
  });

  test('that takes too long is killed with all that it started', async () => {
    const migration = await command('sleep 1000 & echo $! > $KEDGE_DATA/pid; wait');
    await expect(data(300).migrateUp(migration, release)).rejects.toThrow(/took more than 300 ms/);
    const pid = Number(await readFile(join(folder, 'data', 'pid'), 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('that ends leaves no process behind', { timeout: 5_000 }, async () => {
    await data().migrateUp(await command('sleep 1000 & echo $! > $KEDGE_DATA/pid'), release);
    const pid = Number(await readFile(join(folder, 'data', 'pid'), 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test('that cannot be started says why', async () => {
    const migration = await command('');
    await chmod(join(release.folder, 'run.sh'), 0o644);
    await expect(data().migrateUp(migration, release)).rejects.toThrow(/cannot start "run.sh": it is not executable/);
  });
});

function rows(query: string) {
  using database = new DatabaseSync(path);
  return database.prepare(query).all();
}

async function sql(
  id: string,
  up: string,
  down?: string,
  precheck?: string,
): Promise<Extract<Migration, { kind: 'sql' }>> {
  const hash = createHash('sha256');
  const scripts: Record<string, string> = {};
  for (const [name, script] of Object.entries({ up, down, precheck })) {
    if (script === undefined) continue;
    scripts[name] = `${id}.${name}.sql`;
    hash.update(script).update('\0');
    await writeFile(join(release.folder, `${id}.${name}.sql`), script);
  }
  return { kind: 'sql', id, database: 'app.db', up: '', ...scripts, sha256: hash.digest('hex') };
}

async function command(script: string, args: readonly string[] = []): Promise<Extract<Migration, { kind: 'command' }>> {
  await writeFile(join(release.folder, 'run.sh'), `#!/bin/sh\n${script}\n`);
  await chmod(join(release.folder, 'run.sh'), 0o755);
  const words = ['run.sh', ...args];
  return { kind: 'command', id: 'cmd', database: 'app.db', up: words, down: words, precheck: words };
}

/** One that is dead and only waits for its parent to ask does not run. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    return !(await readFile(`/proc/${pid}/stat`, 'utf8')).includes(') Z ');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

function someManifest(): Manifest {
  const artifacts = [
    {
      platform: 'any',
      sha256: '0'.repeat(64),
      length_bytes: 1,
      unpacked_bytes: 0,
      entry_count: 1,
      tree_sha256: '0'.repeat(64),
    },
  ];
  const facts = {
    format: manifestFormat,
    product: 'app',
    version: '2.6.0',
    channel: 'stable',
    counter: 1,
    severity: 'minor',
  };
  const rest = { released_at: '2026-01-20T08:00:00Z', git_commit: null, artifacts, run: { command: ['app'] } };
  return parseWith(manifest, { ...facts, ...rest }, 'manifest');
}
