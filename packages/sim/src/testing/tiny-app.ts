/** The smallest app that has all that an update touches: a process, a port, a database, and a way to be ill. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const program = `
const { createServer } = process.getBuiltinModule('node:http');
const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
const { readFileSync } = process.getBuiltinModule('node:fs');
const [port, data] = process.argv.slice(2);
const { version, ill } = JSON.parse(readFileSync(new URL('release.json', import.meta.url), 'utf8'));
if (ill === 'exits') process.exit(3);
const database = new DatabaseSync(data + '/app.db');
database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
const server = createServer((request, response) => {
  if (request.method === 'POST') database.prepare('INSERT INTO notes (text) VALUES (?)').run(request.url.slice(1));
  const rows = database.prepare('SELECT * FROM notes ORDER BY id').all();
  response.writeHead(ill === 'answers 503' ? 503 : 200).end(JSON.stringify({ version, rows }));
});
process.on('SIGTERM', () => { server.closeAllConnections(); database.close(); process.exit(0); });
if (ill !== 'never listens') server.listen(Number(port), '127.0.0.1');
else setInterval(() => {}, 1000);
`;

export type TinyRelease = {
  readonly version: string;
  readonly counter: number;
  /** What is wrong with it. */
  readonly ill?: 'answers 503' | 'exits' | 'never listens';
  /** From the second release on there is migration 0002; what is wrong with that. */
  readonly migration?: 'none' | 'fails half-way' | 'has no way down' | 'fails on the way down';
  readonly severity?: string;
  /** Goes into the tree, so that two artifacts of one version differ. */
  readonly salt?: string;
  /** More programs of its tree, by path. */
  readonly programs?: { readonly [path: string]: string };
  /** More of `release.json`, or other than it is here. */
  readonly fields?: { readonly [name: string]: unknown };
};

/** Writes `release.json` and the tree of the release into an empty folder, for `build`. */
export function writeTinyRelease(folder: string, release: TinyRelease): void {
  const { version, counter, ill, migration, severity = 'minor', salt = '', programs = {}, fields } = release;
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'migrations'), { recursive: true });
  writeFileSync(join(tree, 'app.mjs'), program);
  writeFileSync(join(tree, 'release.json'), JSON.stringify({ version, ill, salt }));
  const script = (name: string, sql: string) => writeFileSync(join(tree, 'migrations', name), sql);
  script('0001_notes.up.sql', 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);');
  script('0001_notes.down.sql', 'DROP TABLE notes;');
  if (counter > 1 && migration !== 'none') {
    const change = 'ALTER TABLE notes ADD COLUMN stars INTEGER NOT NULL DEFAULT 0;';
    script('0002_stars.up.sql', migration === 'fails half-way' ? `${change} INSERT INTO nowhere VALUES (1);` : change);
    const back = migration === 'fails on the way down' ? 'DROP TABLE nowhere;' : 'ALTER TABLE notes DROP COLUMN stars;';
    if (migration !== 'has no way down') script('0002_stars.down.sql', back);
  }
  for (const [path, content] of Object.entries(programs)) writeFileSync(join(tree, path), content, { mode: 0o755 });
  const url = 'http://127.0.0.1:${port}/';
  writeFileSync(
    join(folder, 'release.json'),
    JSON.stringify({
      format: 'kedge-release/1',
      platforms: { any: 'tree' },
      released_at: '2026-01-20T08:00:00Z',
      git_commit: null,
      product: 'tiny',
      version,
      channel: 'stable',
      counter,
      severity,
      run: { command: ['node', 'app.mjs', '${port}', '${data}'], stop_timeout_ms: 2000 },
      data: [{ kind: 'sqlite', path: 'app.db' }],
      migrations: { database: 'app.db', folder: 'migrations' },
      checks: [{ kind: 'http', name: 'answers', url, timeout_ms: 1000 }],
      validation: { deadline_ms: 2000, healthy_for_ms: 0, interval_ms: 50 },
      ...fields,
    }),
  );
}
