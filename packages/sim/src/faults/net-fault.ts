/** What can go wrong with one request. The `Net` port's time-outs are kept, on the simulated clock, as the real one does. */

import type { Clock, NetRequest, NetResponse } from '@kedge/core/ports';
import type { Prng } from '../prng.ts';
import { answerWith, chunksOf, partOf } from '../simulated-net.ts';
import type { NetFaultKind } from './fault.ts';

export type Asked = {
  readonly request: NetRequest;
  readonly clock: Clock;
  readonly prng: Prng;
  /** The answer without the fault. */
  honest(): Promise<NetResponse>;
  /** The file that is asked for, whatever range of it is. */
  whole(): Promise<Uint8Array>;
  /** The same request, answered as on an earlier day. Undefined: there was no such day. */
  earlier(): Promise<NetResponse | undefined>;
  /** Answers that this device was given before, oldest first. */
  readonly before: readonly Uint8Array[];
};

type Answer = (asked: Asked) => Promise<NetResponse>;

export const netFaults: { readonly [K in NetFaultKind]: Answer } = {
  refused: async () => fail('ECONNREFUSED'),
  partition: async () => fail('EHOSTUNREACH'),
  reset: breakOff(async () => fail('ECONNRESET')),
  stall: async ({ request, clock }) => {
    await clock.sleep(request.answer_timeout_ms, request.signal);
    return fail('ETIMEDOUT');
  },
  stall_in_body: breakOff(async ({ request, clock }) => {
    await clock.sleep(request.idle_timeout_ms, request.signal);
    return fail('ETIMEDOUT');
  }),
  slow: changeBody(async function* slow(bytes, { request, clock }) {
    // Each piece comes just before the wait for it would end.
    for (let at = 0; at < bytes.length; at += slow_bytes) {
      await clock.sleep(0.9 * request.idle_timeout_ms, request.signal);
      yield bytes.slice(at, at + slow_bytes);
    }
  }),

  other_file: async ({ before, prng, request, honest }) => {
    const other = before[prng.below(before.length)];
    return other ? answerWith(other, request) : honest();
  },
  old_file: async ({ earlier, honest }) => (await earlier()) ?? honest(),
  portal: async () => page(200, { 'content-type': 'text/html' }),
  redirect: async () => page(302, { location: 'http://portal.example/login' }),
  server_error: async () => page(503, {}),
  too_many_requests: async () => page(429, { 'retry-after': '3600' }),

  truncated: changeBody((bytes, { prng }) => chunksOf(bytes.subarray(0, prng.below(bytes.length)))),
  flipped: changeBody((bytes, { prng }) => {
    const flipped = bytes.slice();
    const at = prng.below(bytes.length);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << prng.below(8));
    return chunksOf(flipped);
  }),
  // A client that believes the header takes that many bytes of the connection.
  wrong_length: async (asked) => {
    const { status, headers, body } = await asked.honest();
    const bytes = await bytesOf(body);
    const length_bytes = asked.prng.below(2 * bytes.length + 1);
    const told = { ...headers, 'content-length': String(length_bytes) };
    return { status, headers: told, body: chunksOf(bytes.subarray(0, length_bytes)) };
  },
  too_long: changeBody((bytes, { prng }) => chunksOf(Buffer.concat([bytes, new Uint8Array(1 + prng.below(1000))]))),
  endless: changeBody(async function* endless(bytes, { request }) {
    yield* chunksOf(bytes);
    while (!request.signal?.aborted) yield new Uint8Array(endless_bytes);
  }),
  empty: changeBody(() => chunksOf(new Uint8Array(0))),

  range_ignored: async ({ whole }) => answerWith(await whole(), {}),
  range_elsewhere: async ({ whole, prng }) => {
    const bytes = await whole();
    return partOf(bytes, prng.below(bytes.length));
  },
  range_untold: async ({ honest }) => {
    const { status, body } = await honest();
    return { status, headers: {}, body };
  },
};

/** Whether this request is one that the fault makes a difference to. */
export function concerns(how: NetFaultKind, { request, before }: Pick<Asked, 'request' | 'before'>): boolean {
  if (how.startsWith('range_')) return request.headers?.['range'] !== undefined;
  return how !== 'other_file' || before.length > 0;
}

const slow_bytes = 64;
const endless_bytes = 64 * 1024;

/** The answer begins as it should; then this happens. */
function breakOff(end: (asked: Asked) => Promise<NetResponse>): Answer {
  return changeBody(async function* broken(bytes, asked) {
    yield* chunksOf(bytes.subarray(0, asked.prng.below(bytes.length)));
    await end(asked);
  });
}

function changeBody(change: (bytes: Uint8Array, asked: Asked) => AsyncIterable<Uint8Array>): Answer {
  return async (asked) => {
    const { status, headers, body } = await asked.honest();
    return { status, headers, body: change(await bytesOf(body), asked) };
  };
}

export async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function page(status: number, headers: NetResponse['headers']): NetResponse {
  return { status, headers, body: chunksOf(new TextEncoder().encode('<!doctype html><title>Log in</title>')) };
}

function fail(code: string): never {
  throw Object.assign(new Error(code), { code });
}
