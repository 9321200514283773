import type { Clock, Net } from '@kedge/core/ports';
import { expect, test } from 'vitest';
import { fetchFile } from './fetch-file.ts';

test('a refusal that comes drop by drop takes no longer than the source may take', async () => {
  let time_ms = 0;
  const clock: Clock = { now_ms: () => 0, monotonic_ms: () => time_ms, sleep: () => Promise.resolve() };
  async function* drops(): AsyncGenerator<Uint8Array> {
    for (;;) {
      time_ms += 9_000;
      yield new Uint8Array(1);
    }
  }
  const net: Net = { request: async () => ({ status: 404, headers: {}, body: drops() }) };
  const request = { url: 'http://source.example/metadata/2.root.json', limit_bytes: 1_000, deadline_ms: 60_000 };
  expect(await fetchFile({ net, clock }, request)).toBeUndefined();
  expect(time_ms).toBeLessThan(75_000);
});
