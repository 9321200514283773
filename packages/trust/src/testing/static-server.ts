/** A web server as a repository has one: files by path, and whatever a hostile one may answer. */

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type StaticServer = {
  readonly url: string;
  /** Path and body bytes of each answer, since the last `clear`. */
  readonly answers: readonly { readonly path: string; readonly status: number; readonly body_bytes: number }[];
  clear(): void;
  /** Answers this path in another way; undefined: as ever. */
  answer(path: string, how: ((response: ServerResponse) => void) | undefined): void;
  close(): Promise<void>;
};

/** @param read gives the bytes of a path without its first slash */
export async function startStaticServer(
  read: (path: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>,
): Promise<StaticServer> {
  const answers: { path: string; status: number; body_bytes: number }[] = [];
  const special = new Map<string, (response: ServerResponse) => void>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').slice(1));
    const how = special.get(path);
    if (how) {
      how(response);
      return;
    }
    void Promise.resolve(read(path)).then((bytes) => {
      const status = bytes ? 200 : 404;
      const body = bytes ?? new TextEncoder().encode('Not found\n');
      answers.push({ path, status, body_bytes: body.length });
      response.writeHead(status, { 'content-length': body.length }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    answers,
    clear: () => answers.splice(0),
    answer(path, how) {
      if (how) special.set(path, how);
      else special.delete(path);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
