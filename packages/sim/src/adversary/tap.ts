/** Attacks on the wire: answers that are no file. */

import type { Clock, NetResponse } from '@kedge/core/ports';
import { copyOf } from '../disk/model.ts';
import type { Attack, Verdict } from './attack.ts';

type Body = (honest: NetResponse['body'], clock: Clock) => AsyncIterable<Uint8Array>;

/** The honest repository, but for the bodies of some of its files. */
export function replaced(name: string, verdict: Verdict, paths: RegExp, body: Body): Attack {
  return {
    name,
    loot: 'nothing',
    verdict,
    apply: async ({ vendor }) => ({
      repository: copyOf(vendor),
      tap: (net, clock) => ({
        async request(request) {
          const response = await net.request(request);
          if (!paths.test(request.url) || response.status >= 300) return response;
          return { ...response, body: body(response.body, clock) };
        },
      }),
    }),
  };
}

/** More than any limit, and bounded all the same: whoever reads on must not hang the simulation. */
export async function* endless(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < 1_000; sent += 1) yield new Uint8Array(65_536).fill(0x20);
}

/** What is right, a byte in each nine seconds: just within the time that one byte may take. */
export async function* dripping(honest: NetResponse['body'], clock: Clock): AsyncGenerator<Uint8Array> {
  for await (const chunk of honest) {
    for (const byte of chunk) {
      await clock.sleep(9_000);
      yield Uint8Array.of(byte);
    }
  }
}
