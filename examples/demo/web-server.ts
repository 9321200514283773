/** A plain web server over the repository's files. It can be made to do what a hostile one would. */

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { portOf } from './port.ts';

export type Misdeed =
  /** In every artifact. */
  { readonly kind: 'flip_one_byte' } | { readonly kind: 'old_timestamp'; readonly bytes: Uint8Array };

export type WebServer = {
  readonly url: string;
  misbehave(how: Misdeed | undefined): void;
  close(): Promise<void>;
};

/** On a free port of 127.0.0.1. */
export async function serveFolder(folder: string): Promise<WebServer> {
  let misdeed: Misdeed | undefined;
  const server = createServer((request, response) => {
    answer(folder, misdeed, request, response).catch((error: Error) => response.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    misbehave(how) {
      misdeed = how;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  folder: string,
  misdeed: Misdeed | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A URL has no `..` left in its path once it is parsed.
  const { pathname } = new URL(request.url ?? '/', 'http://repository');
  const path = join(folder, pathname);
  const file = await stat(path).catch(() => undefined);
  if (!file?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  if (misdeed?.kind === 'old_timestamp' && pathname === '/metadata/timestamp.json') {
    response.writeHead(200).end(misdeed.bytes);
    return;
  }
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start >= file.size) {
    response.writeHead(416).end();
    return;
  }
  const range = { 'content-range': `bytes ${start}-${file.size - 1}/${file.size}` };
  response.writeHead(start === 0 ? 200 : 206, { 'content-length': file.size - start, ...(start === 0 ? {} : range) });
  const isTampered = misdeed?.kind === 'flip_one_byte' && pathname.startsWith('/artifacts/');
  await pipeline(createReadStream(path, { start }), isTampered ? flipOneByte() : passOn(), response);
}

function flipOneByte(): Transform {
  let isDone = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (!isDone && chunk.length > 0) chunk[0] = (chunk[0] ?? 0) ^ 1;
      isDone = true;
      done(null, chunk);
    },
  });
}

function passOn(): Transform {
  return new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
}
