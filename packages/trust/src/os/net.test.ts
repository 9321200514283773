import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Net, NetRequest } from '@kedge/core/ports';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeNet } from './net.ts';

let server: Server;
let url: string;
let answer: RequestListener;
let sockets: Set<Socket>;
let net: Net;

beforeEach(async () => {
  answer = (_, response) => response.end();
  sockets = new Set();
  server = createServer((request, response) => answer(request, response));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  url = await new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address !== 'string') done(`http://127.0.0.1:${address.port}/`);
    });
  });
  net = nodeNet();
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const get = (more: Partial<NetRequest> = {}): NetRequest => ({
  method: 'GET',
  url,
  answer_timeout_ms: 5_000,
  idle_timeout_ms: 5_000,
  ...more,
});

describe('HTTP', () => {
  test('gives status, headers in lower case and the whole body', async () => {
    answer = (request, response) => {
      response.writeHead(418, { 'X-Range': request.headers.range ?? '', 'Set-Cookie': ['a=1', 'b=2'] });
      response.write('tea');
      response.end('pot');
    };
    const { status, headers, body } = await net.request(get({ headers: { range: 'bytes=3-' } }));
    expect(status).toBe(418);
    expect(headers).toMatchObject({ 'x-range': 'bytes=3-', 'set-cookie': 'a=1, b=2' });
    expect(await textOf(body)).toBe('teapot');
  });

  test('posts a body with its length', async () => {
    let seen = '';
    answer = (request, response) => {
      request.on('data', (chunk) => (seen += String(chunk)));
      request.on('end', () => response.writeHead(204, { 'x-length': request.headers['content-length'] }).end());
    };
    const { status, headers } = await net.request(get({ method: 'POST', body: new TextEncoder().encode('grüße') }));
    expect({ status, length: headers['x-length'], seen }).toEqual({ status: 204, length: '7', seen: 'grüße' });
  });

  test('does not follow a redirect', async () => {
    answer = (_, response) => response.writeHead(302, { location: `${url}other` }).end();
    expect(await net.request(get())).toMatchObject({ status: 302, headers: { location: `${url}other` } });
  });

  test('says with an errno that nobody listens', async () => {
    await expect(net.request(get({ url: 'http://127.0.0.1:1/' }))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('says with an errno that the other side hung up, before or within the body', async () => {
    answer = (request) => request.socket.destroy();
    await expect(net.request(get())).rejects.toMatchObject({ code: 'ECONNRESET' });
    answer = (request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => request.socket.destroy());
    };
    const { body } = await net.request(get());
    await expect(textOf(body)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('waits for an answer and for each byte no longer than it is told', async () => {
    answer = () => undefined;
    await expect(net.request(get({ answer_timeout_ms: 50 }))).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: 'no answer within 50 ms',
    });
    answer = (_, response) => response.writeHead(200).write('then nothing');
    const { body } = await net.request(get({ idle_timeout_ms: 50 }));
    await expect(textOf(body)).rejects.toMatchObject({ code: 'ETIMEDOUT', message: 'no data for 50 ms' });
  });

  test('stops when the signal says so', async () => {
    const stop = new AbortController();
    answer = () => stop.abort();
    await expect(net.request(get({ signal: stop.signal }))).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each(['before the first byte', 'after it'])(
    'closes the connection of a body that is left %s',
    async (moment) => {
      answer = (_, response) => response.writeHead(200).write('the beginning of much');
      const { body } = await net.request(get());
      const [socket] = sockets;
      const closed = new Promise((done) => socket?.once('close', done));
      const chunks = body[Symbol.asyncIterator]();
      if (moment === 'after it') await chunks.next();
      await chunks.return?.();
      await closed;
      expect(sockets.size).toBe(0);
    },
  );
});

describe('a file: URL', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kedge-net-'));
    writeFileSync(join(folder, 'a file'), '12345');
    file = pathToFileURL(join(folder, 'a file')).href;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is answered as a server would, whole and from a byte on', async () => {
    const all = await net.request(get({ url: file }));
    expect({ status: all.status, headers: all.headers, text: await textOf(all.body) }).toEqual({
      status: 200,
      headers: { 'content-length': '5' },
      text: '12345',
    });
    const rest = await net.request(get({ url: file, headers: { range: 'bytes=3-' } }));
    expect({ status: rest.status, headers: rest.headers, text: await textOf(rest.body) }).toEqual({
      status: 206,
      headers: { 'content-length': '2', 'content-range': 'bytes 3-4/5' },
      text: '45',
    });
  });

  test('that leads to nothing, to a folder or past the end is not there', async () => {
    expect(await net.request(get({ url: `${file}-no` }))).toMatchObject({ status: 404 });
    expect(await net.request(get({ url: pathToFileURL(folder).href }))).toMatchObject({ status: 404 });
    expect(await net.request(get({ url: file, headers: { range: 'bytes=5-' } }))).toMatchObject({ status: 416 });
  });
});

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of body) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}
