/** The agent's local API behind its real socket, asked in bytes that need not be HTTP. */

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorBody } from '@kedge/agent/local-api';
import { serveLocalApi } from '@kedge/agent/os/local-api';
import { parseJson } from '@kedge/core/parse';
import { encode, type Outcome, type Target } from '../target.ts';

const host = 'Host: kedge\r\nConnection: close\r\n';
const post = (name: string, body: string) =>
  `POST /${name} HTTP/1.1\r\n${host}Content-Length: ${body.length}\r\n\r\n${body}`;

const requests = [
  `GET /status HTTP/1.1\r\n${host}\r\n`,
  `GET /events HTTP/1.1\r\n${host}\r\n`,
  post('channel', '{"channel":"beta"}'),
  post('postpone', '{"for_ms":3600000}'),
  `POST /check HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n13\r\n{"version":"1.0.0"}\r\n0\r\n\r\n`,
];

export async function openLocalApiTarget(): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-fuzz-'));
  const path = join(folder, 'agent.sock');
  const logged: string[] = [];
  const echo = (body: unknown) => Promise.resolve(body);
  const handlers = { status: echo, explain: echo, history: echo, check: echo, approve: echo, postpone: echo };
  const api = await serveLocalApi({
    path,
    handlers: { ...handlers, rollback: echo, channel: echo, async *events() {} },
    log: (line) => logged.push(line),
  });
  return {
    name: 'local API',
    seeds: requests.map(encode),
    async run(input) {
      const answer = await ask(path, input);
      const line = logged.splice(0)[0];
      if (line !== undefined) throw new Error(`took a caller's trouble for the agent's own: ${line}`);
      return outcomeOf(answer);
    },
    async close() {
      await api.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** All that is answered until the server closes. */
async function ask(path: string, input: Uint8Array): Promise<string> {
  const socket = connect({ path });
  await once(socket, 'connect');
  let answer = '';
  socket.setEncoding('utf8');
  socket.on('data', (text) => {
    answer += String(text);
  });
  // The server may have hung up before all was sent.
  socket.on('error', () => {});
  socket.end(input);
  await once(socket, 'close');
  return answer;
}

/** By the first answer, where there are several. */
function outcomeOf(answer: string): Outcome {
  const [, status, body = ''] = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n([^]*)$/.exec(answer) ?? [];
  if (status === undefined) return { kind: 'refused', message: 'closed without an answer' };
  if (status === '200') return { kind: 'accepted' };
  if (!body.startsWith('{')) return { kind: 'refused', message: `answered ${status} without a word` };
  return { kind: 'refused', message: parseJson(errorBody, body, 'answer').error };
}
