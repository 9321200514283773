/** The agent's local API: HTTP over a unix socket that only the agent's user may open. */

import { once } from 'node:events';
import { lstatSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { errorCode } from '@kedge/core/ports';
import { bindRoutes, errorAnswer, type Handlers, isRouteName, Refused, routes } from '../local-api.ts';
import { checkSocketPath } from './local-api-socket.ts';

const body_limit_bytes = 65_536;

export type LocalApiOptions = {
  /** Of the socket: absolute, at most 107 bytes. Its folder must exist. */
  readonly path: string;
  readonly handlers: Handlers;
  /** Told what failed for a reason of ours, in one line. */
  readonly log: (line: string) => void;
  /** How often a silent stream of events shows that it lives. */
  readonly heartbeat_ms?: number;
};

export type LocalApi = {
  /** Ends all requests and streams, and removes the socket. */
  close(): Promise<void>;
};

/** @throws when another agent answers there */
export async function serveLocalApi(options: LocalApiOptions): Promise<LocalApi> {
  const { path, handlers, log, heartbeat_ms = 15_000 } = options;
  checkSocketPath(path);
  await removeStaleSocket(path);
  const bound = bindRoutes(handlers);
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  await listen(server, path);
  return { close: () => close(server) };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const name = (request.url ?? '').slice(1);
      if (name === 'events' && request.method === 'GET') {
        await streamEvents(response, handlers.events, heartbeat_ms);
        return;
      }
      if (!isRouteName(name) || routes[name].method !== request.method) throw notKnown(request);
      const asked = await bodyOf(request);
      if (asked === undefined) return;
      const result = await bound[name](asked);
      send(response, 200, result ?? null);
    } catch (error) {
      const { status, body } = errorAnswer(error);
      if (status === 500) log(`local API, ${request.method} ${request.url}: ${body.error}`);
      if (response.headersSent) response.destroy();
      else send(response, status, body);
    }
  }
}

/** One of a process that was killed; a living one, or what is no socket, is not touched. */
async function removeStaleSocket(path: string): Promise<void> {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (!entry) return;
  if (!entry.isSocket()) throw new Error(`${path} is not a socket; move it away`);
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    if (errorCode(error) !== 'ECONNREFUSED') throw error;
    unlinkSync(path);
    return;
  } finally {
    socket.destroy();
  }
  throw new Error(`another agent answers at ${path}; stop it first`);
}

async function listen(server: Server, path: string): Promise<void> {
  // The socket is made by `listen` itself, before it returns: it is never open to others, not even for a moment.
  const mask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(mask);
  }
  await once(server, 'listening');
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Undefined when the caller has gone. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length_bytes = 0;
  try {
    for await (const chunk of request) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('a body is read as bytes');
      length_bytes += chunk.length;
      // What is too much is still read, or the one who sends it would not hear why it is refused.
      if (length_bytes <= body_limit_bytes) chunks.push(chunk);
    }
  } catch (error) {
    if (errorCode(error) === 'ECONNRESET') return undefined;
    throw error;
  }
  if (length_bytes > body_limit_bytes) throw new Refused(`a request is at most ${body_limit_bytes} bytes long`, 2);
  return Buffer.concat(chunks).toString('utf8');
}

/** Server-sent events, see https://html.spec.whatwg.org/multipage/server-sent-events.html; a comment is the heartbeat. */
async function streamEvents(response: ServerResponse, events: Handlers['events'], heartbeat_ms: number): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(':\n\n');
  const heartbeat = setInterval(() => response.write(':\n\n'), heartbeat_ms);
  try {
    for await (const event of events(gone.signal)) {
      const isTaken = response.write(`data: ${JSON.stringify(event)}\n\n`);
      if (!isTaken) await once(response, 'drain', { signal: gone.signal });
    }
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify(body));
}

function notKnown({ method, url }: IncomingMessage): Refused {
  const known = Object.entries(routes).map(([name, route]) => `${route.method} /${name}`);
  return new Refused(`${method} ${url} is not known; known: ${known.join(', ')}, GET /events`, 2);
}
