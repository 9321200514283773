import { once } from 'node:events';
import { connect } from 'node:net';
import type { Problem } from './problem.ts';

/** That a connection can be made is all that is asked. */
export async function checkTcp(address: string, signal: AbortSignal): Promise<Problem> {
  const place = hostAndPort(address);
  if (!place) return 'is not host:port or [IPv6]:port';
  const socket = connect(place);
  try {
    await once(socket, 'connect', { signal });
    return undefined;
  } finally {
    socket.destroy();
  }
}

function hostAndPort(address: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}
