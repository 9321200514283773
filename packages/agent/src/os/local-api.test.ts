import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Handlers, Refused } from '../local-api.ts';
import { type LocalApi, serveLocalApi } from './local-api.ts';
import { callLocalApi, followEvents } from './local-api-client.ts';

let folder: string;
let path: string;
let open: LocalApi[];
let logged: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kedge-api-'));
  path = join(folder, 'agent.sock');
  open = [];
  logged = [];
});

afterEach(async () => {
  for (const api of open) await api.close();
  await rm(folder, { recursive: true });
});

const echo = (body: unknown) => Promise.resolve({ body });

async function serve(over: Partial<Handlers> = {}, heartbeat_ms = 60_000): Promise<LocalApi> {
  const handlers: Handlers = {
    status: echo,
    explain: echo,
    history: echo,
    check: echo,
    approve: echo,
    postpone: echo,
    rollback: echo,
    channel: echo,
    events: async function* () {},
    ...over,
  };
  const api = await serveLocalApi({ path, handlers, heartbeat_ms, log: (line) => logged.push(line) });
  open.push(api);
  return api;
}

/** Without the client, which cannot be made to send what is wrong. */
async function send(method: string, url: string, body = ''): Promise<[number | undefined, unknown]> {
  const asking = request({ socketPath: path, path: url, method, agent: false });
  const answered = new Promise<[number | undefined, unknown]>((resolve, reject) => {
    asking.once('error', reject);
    asking.once('response', (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += String(chunk);
      });
      answer.on('end', () => resolve([answer.statusCode, JSON.parse(text)]));
    });
  });
  asking.end(body);
  return answered;
}

describe('the local API', () => {
  test('answers a call with what the handler gives', async () => {
    await serve({ status: () => Promise.resolve({ version: '1.0.0' }) });
    expect(await callLocalApi(path, 'status', {})).toEqual({ kind: 'answered', value: { version: '1.0.0' } });
    expect(await callLocalApi(path, 'postpone', { for_ms: 1000 })).toEqual({
      kind: 'answered',
      value: { body: { for_ms: 1000 } },
    });
  });

  test('can be opened by the agent’s user only', async () => {
    await serve();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('tells the caller what a handler refuses, and the log what it did not expect', async () => {
    await serve({
      approve: () => Promise.reject(new Refused('nothing waits for an approval', 4)),
      check: () => Promise.reject(new TypeError('x is not a function')),
    });
    expect(await callLocalApi(path, 'approve', {})).toEqual({
      kind: 'refused',
      error: 'nothing waits for an approval',
      exit_code: 4,
    });
    expect(logged).toEqual([]);
    expect(await callLocalApi(path, 'check', {})).toEqual({
      kind: 'refused',
      error: 'x is not a function',
      exit_code: 1,
    });
    expect(logged).toEqual(['local API, POST /check: x is not a function']);
  });

  test('refuses what does not fit, is too long, or is not known', async () => {
    await serve();
    expect(await send('POST', '/channel', '{"channel":"bold"}')).toEqual([
      400,
      { error: 'channel: must be one of nightly, beta, stable, lts, hotfix, got "bold"', exit_code: 2 },
    ]);
    const long = JSON.stringify({ channel: 'x'.repeat(1_000_000) });
    expect(await send('POST', '/channel', long)).toEqual([
      409,
      { error: 'a request is at most 65536 bytes long', exit_code: 2 },
    ]);
    for (const [method, url] of [
      ['GET', '/rollback'],
      ['POST', '/nothing'],
      ['GET', '/toString'],
    ] as const) {
      const [status, body] = await send(method, url);
      expect(status).toBe(409);
      expect(body).toMatchObject({
        error: expect.stringMatching(`^${method} ${url} is not known; known: GET /status`),
      });
    }
  });

  test('says nothing of a caller that goes away in the middle of a request', async () => {
    await serve();
    const asking = connect({ path });
    asking.end('POST /check HTTP/1.1\r\nHost: kedge\r\nContent-Length: 100\r\n\r\n{"version"');
    asking.resume();
    await once(asking, 'close');
    expect(await callLocalApi(path, 'status', {})).toMatchObject({ kind: 'answered' });
    expect(logged).toEqual([]);
  });

  test('streams events in order, whatever they hold, and lets the handler go when nobody listens', async () => {
    const gone = Promise.withResolvers<void>();
    await serve({
      async *events(signal) {
        yield { line: 'a\n\nb' };
        yield 2;
        await once(signal, 'abort');
        gone.resolve();
      },
    });
    const following = await followEvents(path);
    if (following.kind !== 'following') throw new Error(following.kind);
    const seen: unknown[] = [];
    for await (const event of following.events) {
      seen.push(event);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([{ line: 'a\n\nb' }, 2]);
    await gone.promise;
  });

  test('shows by heartbeats that a silent stream lives', async () => {
    await serve({ events: neverAnEvent }, 10);
    const asking = request({ socketPath: path, path: '/events', agent: false });
    asking.end();
    const beats = await new Promise<string>((resolve) => {
      asking.once('response', (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += String(chunk);
          if (text.length >= 12) resolve(text);
        });
      });
    });
    asking.destroy();
    expect(beats.slice(0, 12)).toBe(':\n\n:\n\n:\n\n:\n\n');
  });

  test('ends the streams when the agent stops', async () => {
    const api = await serve({ events: neverAnEvent });
    const following = await followEvents(path);
    if (following.kind !== 'following') throw new Error(following.kind);
    const events = following.events[Symbol.asyncIterator]();
    const next = events.next();
    await api.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('is not running: without a socket, with one that nobody answers, and after it was closed', async () => {
    expect(await callLocalApi(path, 'status', {})).toEqual({
      kind: 'not_running',
      reason: `no agent runs: there is no socket ${path}`,
    });
    await leaveStaleSocket();
    expect(await followEvents(path)).toEqual({
      kind: 'not_running',
      reason: `no agent runs: nobody answers at ${path}`,
    });
    const api = await serve();
    await api.close();
    open = [];
    expect(await callLocalApi(path, 'status', {})).toMatchObject({ kind: 'not_running' });
  });

  test('takes over the socket of a killed agent, but not of one that lives, and no other file', async () => {
    await leaveStaleSocket();
    await serve();
    expect(await callLocalApi(path, 'status', {})).toMatchObject({ kind: 'answered' });
    await expect(serve()).rejects.toThrow(`another agent answers at ${path}; stop it first`);
    expect(await callLocalApi(path, 'status', {})).toMatchObject({ kind: 'answered' });
    path = join(folder, 'file');
    await writeFile(path, 'precious');
    await expect(serve()).rejects.toThrow(`${path} is not a socket; move it away`);
  });

  test('says so when the path is too long for a socket', async () => {
    path = `${folder}/${'x'.repeat(108)}`;
    await expect(serve()).rejects.toThrow('107 is the most; use a shorter state folder');
    await expect(callLocalApi(path, 'status', {})).rejects.toThrow('107 is the most');
  });
});

function neverAnEvent(signal: AbortSignal): AsyncIterable<unknown> {
  const next = async () => {
    await once(signal, 'abort');
    return { done: true, value: undefined } as const;
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

async function leaveStaleSocket(): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script]), 'exit');
}
