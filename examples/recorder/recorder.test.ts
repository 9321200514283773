import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { manifest, manifestFormat } from '@kedge/core/manifest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildRecorderTree, type RecorderVersion, recorderRelease, recorderVersions } from './build-tree.ts';
import { freePort, type RunningProgram, runProgram, startProgram } from './testing/running-program.ts';

let trees: string;
let data: string;
const running: RunningProgram[] = [];

beforeAll(async () => {
  trees = await mkdtemp(join(tmpdir(), 'recorder-trees-'));
  await Promise.all(recorderVersions.map((version) => buildRecorderTree(version, join(trees, version))));
});
afterAll(() => rm(trees, { recursive: true }));
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'recorder-data-'));
});
afterEach(async () => {
  try {
    await Promise.all(running.splice(0).map((program) => program.stop()));
  } finally {
    await rm(data, { recursive: true });
  }
});

describe.each(recorderVersions.filter((version) => version !== '1.3.0'))('recorder %s', (version) => {
  test('is healthy on the schema its own migrations make, and says its version', async () => {
    await migrate(version, 'up');
    const { url } = await start(version);
    expect(await get(`${url}/health`)).toEqual({ status: 200, body: { status: 'ok', version } });
    expect(await get(`${url}/version`)).toEqual({ status: 200, body: { version } });
  });

  test('adds, starts and stops a recording by GraphQL, and is busy meanwhile', async () => {
    await migrate(version, 'up');
    const { url } = await start(version);
    expect(await ask(url, 'mutation { addRecording(title: "Nova") { id title startedAt } }')).toEqual({
      data: { addRecording: { id: '1', title: 'Nova', startedAt: null } },
    });
    expect(await get(`${url}/busy`)).toEqual({ status: 200, body: { running: 0 } });
    await ask(url, 'mutation { startRecording(id: 1) { id } }');
    expect(await get(`${url}/busy`)).toEqual({ status: 409, body: { running: 1 } });
    await ask(url, 'mutation { stopRecording(id: 1) { id } }');
    expect(await get(`${url}/busy`)).toEqual({ status: 200, body: { running: 0 } });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(await ask(url, '{ recordings { id title startedAt stoppedAt } }')).toEqual({
      data: { recordings: [{ id: '1', title: 'Nova', startedAt: time, stoppedAt: time }] },
    });
  });

  test('serves its own frontend, and no file beside it', async () => {
    await migrate(version, 'up');
    const { url } = await start(version);
    expect(await (await fetch(`${url}/`)).text()).toContain(`Recorder ${version}`);
    const page = await fetch(`${url}/assets/page.js`);
    expect(page.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(await page.text()).toContain('startedAt');
    expect((await fetch(`${url}/assets/..%2f..%2fserver.mjs`)).status).toBe(404);
    expect((await fetch(`${url}/assets/missing.js`)).status).toBe(404);
  });
});

describe('starting and stopping', () => {
  test('ends at SIGTERM with code 0, though a client keeps its connection open', async () => {
    await migrate('1.0.0', 'up');
    const { url, program } = await start('1.0.0');
    const client = connect(Number(new URL(url).port), '127.0.0.1');
    await once(client, 'connect');
    client.write(
      'POST /graphql HTTP/1.1\r\nHost: recorder\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n',
    );
    await get(`${url}/version`);
    const closed = once(client, 'close');
    expect(await program.stop()).toMatchObject({ code: 0, signal: null });
    await closed;
    expect(await readdir(data)).toEqual(['recorder.db']);
  });

  test('keeps what it answered for', async () => {
    await migrate('1.0.0', 'up');
    const { url, program } = await start('1.0.0');
    await ask(url, 'mutation { addRecording(title: "Nova") { id } }');
    await program.stop();
    expect(rows('SELECT title FROM recordings')).toEqual([{ title: 'Nova' }]);
  });

  test('refuses to start without its database, and makes none', async () => {
    expect(await runProgram(commandOf('1.0.0', await freePort()))).toEqual({
      code: 1,
      signal: null,
      output: `recorder: there is no ${join(data, 'recorder.db')}: run the migrations first\n`,
    });
    expect(await readdir(data)).toEqual([]);
  });

  test('refuses to start when a table is missing, and names it', async () => {
    await migrate('1.1.0', 'up');
    const { code, output } = await runProgram(commandOf('1.2.0', await freePort()));
    expect(code).toBe(1);
    expect(output).toBe(`recorder: ${join(data, 'recorder.db')} has no table shows: run the migrations first\n`);
  });

  test('says that its port is taken', async () => {
    await migrate('1.0.0', 'up');
    const { url } = await start('1.0.0');
    const port = Number(new URL(url).port);
    expect(await runProgram(commandOf('1.0.0', port))).toEqual({
      code: 1,
      signal: null,
      output: `recorder: port ${port} is taken: stop what listens there, or choose another --port\n`,
    });
  });

  test('says how it is used when a flag is missing', async () => {
    const ended = await runProgram({ command: [process.execPath, 'server.mjs'], folder: join(trees, '1.0.0') });
    expect(ended).toMatchObject({ code: 1, output: 'recorder: usage: node server.mjs --port NUMBER --data FOLDER\n' });
  });
});

describe('health', () => {
  test('1.3.0 starts, and is not healthy: it reads a column that no migration made', async () => {
    await migrate('1.3.0', 'up');
    const { url } = await start('1.3.0');
    expect(await get(`${url}/health`)).toEqual({
      status: 503,
      body: { status: 'failing', version: '1.3.0', problem: 'no such column: retention_days' },
    });
  });

  test('an older version is not healthy on the schema of a newer one', async () => {
    await migrate('1.2.0', 'up');
    const { url } = await start('1.1.0');
    expect(await get(`${url}/health`)).toEqual({
      status: 503,
      body: {
        status: 'failing',
        version: '1.1.0',
        problem: 'the database has schema 3, this version needs 2',
      },
    });
  });
});

describe('GraphQL', () => {
  test('a recording can be started once', async () => {
    await migrate('1.0.0', 'up');
    const { url } = await start('1.0.0');
    await ask(url, 'mutation { addRecording(title: "Nova") { id } startRecording(id: 1) { id } }');
    expect(await ask(url, 'mutation { startRecording(id: 1) { id } }')).toMatchObject({
      data: null,
      errors: [{ message: 'there is no such recording in a state that allows this' }],
    });
  });

  test('a mutation that fails leaves nothing behind', async () => {
    await migrate('1.2.0', 'up');
    const { url } = await start('1.2.0');
    expect(await ask(url, 'mutation { setShow(id: 7, show: "Nova") { id } }')).toMatchObject({ data: null });
    expect(await ask(url, '{ shows { name } }')).toEqual({ data: { shows: [] } });
  });

  test('each version has the fields that came with it', async () => {
    await migrate('1.3.1', 'up');
    const { url } = await start('1.3.1');
    await ask(url, 'mutation { addRecording(title: "Black holes") { id } }');
    await ask(url, 'mutation { setPriority(id: 1, priority: 3) { id } setKeepDays(id: 1, days: 7) { id } }');
    await ask(url, 'mutation ($show: String!) { setShow(id: 1, show: $show) { id } }', { show: 'Nova' });
    expect(await ask(url, '{ recordings { title priority show keepDays } shows { name recordingCount } }')).toEqual({
      data: {
        recordings: [{ title: 'Black holes', priority: 3, show: 'Nova', keepDays: 7 }],
        shows: [{ name: 'Nova', recordingCount: 1 }],
      },
    });
  });

  test('refuses what is not a JSON request, and one that is too long', async () => {
    await migrate('1.0.0', 'up');
    const { url } = await start('1.0.0');
    const query = JSON.stringify({ query: '{ recordings { id } }' });
    expect((await fetch(`${url}/graphql`, { method: 'POST', body: query })).status).toBe(400);
    expect((await post(`${url}/graphql`, '{')).status).toBe(400);
    expect((await post(`${url}/graphql`, query.padEnd(65_537))).status).toBe(400);
    expect((await post(`${url}/graphql`, query.padEnd(65_536))).status).toBe(200);
  });
});

describe('migrations', () => {
  const titles = [
    'Nova: Black holes',
    'Weather',
    '!! Nova: Stars',
    '!News',
    '!!! !',
    ': odd',
    'Nova: a: b',
    '! ',
    'ü: Ö',
  ];

  test('no way up or down loses a row or changes what it says', async () => {
    await migrate('1.0.0', 'up');
    insert(titles);
    const all = 'SELECT id, title, started_at, stopped_at FROM recordings ORDER BY id';
    const before = rows(all);
    await migrate('1.3.1', 'up', '1.0.0');
    expect(rows(all)).toHaveLength(titles.length);
    expect(rows('SELECT name FROM shows ORDER BY name')).toEqual([{ name: 'Nova' }, { name: 'ü' }]);
    await migrate('1.3.1', 'down', '1.0.0');
    expect(rows(all)).toEqual(before);
  });

  test('rows written by the new version go back with the old one', async () => {
    await migrate('1.3.1', 'up');
    const { url, program } = await start('1.3.1');
    await ask(url, 'mutation { addRecording(title: "Black holes") { id } setShow(id: 1, show: "Nova") { id } }');
    await ask(url, 'mutation { setPriority(id: 1, priority: 2) { id } }');
    await program.stop();
    await migrate('1.3.1', 'down', '1.0.0');
    const old = await start('1.0.0');
    expect(await ask(old.url, '{ recordings { title } }')).toEqual({
      data: { recordings: [{ title: '!! Nova: Black holes' }] },
    });
  });

  test('up and down each end in the schema of the version they lead to', async () => {
    const schema = "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name";
    const steps = ['1.0.0', '1.1.0', '1.2.0', '1.3.1'] as const;
    const schemas: unknown[] = [rows(schema)];
    for (const [index, version] of steps.entries()) {
      await migrate(version, 'up', steps[index - 1]);
      schemas.push(rows(schema));
    }
    for (const [index, version] of [...steps.entries()].toReversed()) {
      expect(rows(schema)).toEqual(schemas.pop());
      await migrate(version, 'down', steps[index - 1]);
    }
    expect(rows(schema)).toEqual(schemas.pop());
  });

  test('the check of 0002 names the one title that would not fit', async () => {
    await migrate('1.0.0', 'up');
    insert([`${'!'.repeat(9)} fits`, `${'!'.repeat(10)} does not`]);
    const check = await readFile(join(trees, '1.1.0', 'migrations', '0002_priority.check.sql'), 'utf8');
    expect(rows(check).flatMap(Object.values)).toEqual([
      'the title of recording 2 begins with more than nine "!": shorten it',
    ]);
  });
});

describe('release trees', () => {
  test.each(recorderVersions)('%s has a description that fits into a manifest', (version) => {
    const artifact = { platform: 'any', sha256: '0'.repeat(64), length_bytes: 1, unpacked_bytes: 1, entry_count: 1 };
    const artifacts = [{ ...artifact, tree_sha256: '0'.repeat(64) }];
    const whole = { format: manifestFormat, git_commit: null, artifacts, ...recorderRelease(version) };
    expect(manifest.parse(whole, '')).toEqual({ ...whole, migrations: [] });
  });

  test('a tree carries exactly the migrations up to its schema', async () => {
    expect((await readdir(join(trees, '1.1.0', 'migrations'))).toSorted()).toEqual([
      '0001_recordings.down.sql',
      '0001_recordings.up.sql',
      '0002_priority.check.sql',
      '0002_priority.down.sql',
      '0002_priority.up.sql',
    ]);
  });

  test('the same version built twice is the same bytes, under another version number it goes by that', async () => {
    const [again, other] = [join(data, 'again'), join(data, 'other')];
    await buildRecorderTree('1.1.0', again);
    await buildRecorderTree('1.1.0', other, { as: '1.1.1' });
    expect(await contents(again)).toEqual(await contents(join(trees, '1.1.0')));
    const served = await contents(other);
    expect(served.get('server.mjs')).toContain('"1.1.1"');
    expect(served.get('frontend/index.html')).toContain('Recorder 1.1.1');
    expect(served.get('server.mjs')).not.toContain('"1.1.0"');
  });
});

function commandOf(version: RecorderVersion, port: number) {
  const command = recorderRelease(version).run.command.map((word) =>
    word === 'node' ? process.execPath : word.replace('${port}', String(port)).replace('${data}', data),
  );
  return { command, folder: join(trees, version) };
}

async function start(version: RecorderVersion): Promise<{ readonly url: string; readonly program: RunningProgram }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram(commandOf(version, port), `recorder ${version} listens on ${url}`);
  running.push(program);
  return { url, program };
}

/** Runs the scripts of `version` that `from` does not have, each in a transaction. */
async function migrate(version: RecorderVersion, way: 'up' | 'down', from?: RecorderVersion): Promise<void> {
  const folder = join(trees, version, 'migrations');
  const known = from === undefined ? [] : await readdir(join(trees, from, 'migrations'));
  const files = (await readdir(folder)).filter((file) => file.endsWith(`.${way}.sql`) && !known.includes(file));
  const ordered = way === 'up' ? files.toSorted() : files.toSorted().toReversed();
  await mkdir(data, { recursive: true });
  using database = new DatabaseSync(join(data, 'recorder.db'));
  for (const file of ordered) database.exec(`BEGIN; ${await readFile(join(folder, file), 'utf8')}; COMMIT`);
}

function insert(titles: readonly string[]): void {
  using database = new DatabaseSync(join(data, 'recorder.db'));
  const statement = database.prepare(
    "INSERT INTO recordings (title, started_at) VALUES (?, '2026-01-20T08:00:00.000Z')",
  );
  for (const title of titles) statement.run(title);
}

function rows(select: string): readonly object[] {
  using database = new DatabaseSync(join(data, 'recorder.db'));
  return database.prepare(select).all();
}

async function get(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

async function ask(url: string, query: string, variables = {}): Promise<unknown> {
  return (await post(`${url}/graphql`, JSON.stringify({ query, variables }))).json();
}

function post(url: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

async function contents(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.map(async (path) => [path.slice(folder.length + 1), await readFile(path, 'utf8')] as const),
  );
  return new Map(files.toSorted(([a], [b]) => a.localeCompare(b)));
}
