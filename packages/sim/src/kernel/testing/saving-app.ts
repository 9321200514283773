/** An app that saves a row at each start and at each POST, and tells a witness outside of its disk what it has promised. */

import { readFileSync } from 'node:fs';
import { integer, object, oneOf, parseJson, text } from '@kedge/core/parse';

export const savingApp = `
const { createServer } = process.getBuiltinModule('node:http');
const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
const { appendFileSync, readFileSync } = process.getBuiltinModule('node:fs');
const [port, data, witness] = process.argv.slice(2);
const { version, ill } = JSON.parse(readFileSync(new URL('release.json', import.meta.url), 'utf8'));
const database = new DatabaseSync(data + '/app.db', { timeout: 5000 });
database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
function save(text) {
  const tell = (kind) => appendFileSync(witness, JSON.stringify({ kind, text, at_ms: Date.now() }) + '\\n');
  tell('saving');
  database.prepare('INSERT INTO notes (text) VALUES (?)').run(text);
  tell('saved');
}
save(version + ' started as ' + process.pid + ' at ' + Date.now());
const server = createServer((request, response) => {
  if (request.method === 'POST') save(request.url.slice(1));
  const rows = database.prepare('SELECT text FROM notes ORDER BY id').all().map((row) => row.text);
  response.writeHead(ill ? 503 : 200).end(JSON.stringify({ version, rows }));
});
process.on('SIGTERM', () => { server.closeAllConnections(); database.close(); process.exit(0); });
server.listen(Number(port), '127.0.0.1');
`;

export type Saved = { readonly text: string; readonly at_ms: number };

/** What a user of the app knows. A row that was being saved when the power went may be there or not. */
export type Witnessed = { readonly promised: readonly Saved[]; readonly uncertain: ReadonlySet<string> };

const line = object({ kind: oneOf('saving', 'saved'), text: text(), at_ms: integer({ min: 0 }) });

export function readWitness(path: string): Witnessed {
  const promised: Saved[] = [];
  const uncertain = new Set<string>();
  for (const each of readFileSync(path, 'utf8').split('\n')) {
    if (each === '') continue;
    const { kind, text, at_ms } = parseJson(line, each, path);
    if (kind === 'saving') uncertain.add(text);
    else if (uncertain.delete(text)) promised.push({ text, at_ms });
  }
  return { promised, uncertain };
}
