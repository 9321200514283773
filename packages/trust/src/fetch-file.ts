/** One small file from one source: bounded in bytes and time, whatever the other side does. */

import { type Clock, errorCode, type Net, type NetResponse } from '@kedge/core/ports';
import { Distrust } from './distrust.ts';
import { answer_timeout_ms, idle_timeout_ms, refusal_bytes_max } from './limits.ts';

export type FileRequest = {
  readonly url: string;
  readonly limit_bytes: number;
  /** By the monotonic clock. */
  readonly deadline_ms: number;
};

/**
 * Undefined when the source answers that there is no such file.
 * @throws Distrust for every other answer that is not the file
 */
export async function fetchFile(
  ports: { readonly net: Net; readonly clock: Clock },
  request: FileRequest,
): Promise<Uint8Array | undefined> {
  const remaining_ms = Math.ceil(request.deadline_ms - ports.clock.monotonic_ms());
  if (remaining_ms <= 0) throw tooSlow(request);
  let response: NetResponse;
  try {
    response = await ports.net.request({
      method: 'GET',
      url: request.url,
      answer_timeout_ms: Math.min(answer_timeout_ms, remaining_ms),
      idle_timeout_ms: Math.min(idle_timeout_ms, remaining_ms),
    });
    if (response.status === 200) return await readBody(ports.clock, request, response);
    await drain(ports.clock, request, response);
  } catch (error) {
    throw broken(request, error);
  }
  // Buckets answer 403 for a name they do not hold.
  if (response.status === 404 || response.status === 403) return undefined;
  throw refused(request, response);
}

async function readBody(clock: Clock, request: FileRequest, response: NetResponse): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length_bytes = 0;
  for await (const chunk of response.body) {
    length_bytes += chunk.length;
    if (length_bytes > request.limit_bytes) {
      throw new Distrust('too_large', `${request.url} is longer than the ${request.limit_bytes} bytes it may have`);
    }
    if (clock.monotonic_ms() > request.deadline_ms) throw tooSlow(request);
    chunks.push(chunk);
  }
  if (length_bytes === 0) throw new Distrust('malformed', `${request.url} is empty: the source's disk may be full`);
  return concat(chunks, length_bytes);
}

async function drain(clock: Clock, request: FileRequest, response: NetResponse): Promise<void> {
  let length_bytes = 0;
  for await (const chunk of response.body) {
    length_bytes += chunk.length;
    if (length_bytes > refusal_bytes_max || clock.monotonic_ms() > request.deadline_ms) return;
  }
}

function broken(request: FileRequest, error: unknown): unknown {
  if (error instanceof Distrust) return error;
  const code = errorCode(error);
  if (code === undefined || !(error instanceof Error)) return error;
  if (code === 'ETIMEDOUT') {
    return new Distrust('timed_out', `${request.url}: ${error.message}: try again later`, { cause: error });
  }
  return new Distrust('unreachable', `${request.url}: ${error.message || code}: check the network and the address`, {
    cause: error,
  });
}

function refused(request: FileRequest, response: NetResponse): Distrust {
  const { status, headers } = response;
  if (status >= 300 && status < 400) {
    const to = (headers['location'] ?? 'nowhere').slice(0, 100);
    return new Distrust(
      'redirected',
      `${request.url} is redirected to ${to}: a login page, or name that address instead`,
    );
  }
  if (status >= 500) return new Distrust('server_error', `${request.url} answers ${status}: try again later`);
  return new Distrust('malformed', `${request.url} answers ${status}: check the source's address`);
}

function tooSlow(request: FileRequest): Distrust {
  return new Distrust('timed_out', `${request.url}: the source is too slow: try again later, or another source`);
}

export function joinUrl(source: string, path: string): string {
  return `${source.replace(/\/+$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`;
}

function concat(chunks: readonly Uint8Array[], length_bytes: number): Uint8Array {
  const bytes = new Uint8Array(length_bytes);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
