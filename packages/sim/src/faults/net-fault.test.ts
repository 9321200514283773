import type { NetRequest } from '@kedge/core/ports';
import { Distrust } from '@kedge/trust/distrust';
import { fetchFile } from '@kedge/trust/fetch-file';
import { expect, test } from 'vitest';
import { emptyFileSystem } from '../disk/model.ts';
import { simulatedDisk } from '../disk/simulated-disk.ts';
import { simulatedClock } from '../os/simulated-clock.ts';
import { createPrng } from '../prng.ts';
import { simulatedNet } from '../simulated-net.ts';
import { netFaultKinds } from './fault.ts';
import { bytesOf, netFaults } from './net-fault.ts';

const content = new TextEncoder().encode('a file of some length');
const request: NetRequest = {
  method: 'GET',
  url: 'http://vendor.example/file',
  answer_timeout_ms: 10_000,
  idle_timeout_ms: 10_000,
};

async function site() {
  const disk = simulatedDisk(emptyFileSystem(), () => undefined);
  await disk.makeFolder('/repository');
  const file = await disk.open('/repository/file', 'new', 0o644);
  await file.write(content);
  return simulatedNet((host) => (host === 'vendor.example' ? disk : undefined));
}

test.each(netFaultKinds)(
  '%s: a file is fetched whole, or it is said why not, within a minute and a time-out',
  async (how) => {
    const net = await site();
    const clock = simulatedClock(0);
    const faulty = {
      request: (request: NetRequest) =>
        netFaults[how]({
          request,
          clock,
          prng: createPrng(1),
          honest: () => net.request(request),
          whole: async () => content,
          earlier: async () => undefined,
          before: [content],
        }),
    };
    const fetched = await fetchFile(
      { net: faulty, clock },
      { url: request.url, limit_bytes: 1000, deadline_ms: 60_000 },
    ).catch((error: unknown) => error);
    // Whether they are the right ones is for the signatures to say.
    expect(fetched instanceof Distrust || fetched instanceof Uint8Array).toBe(true);
    expect(clock.monotonic_ms()).toBeLessThanOrEqual(70_000);
  },
);

test('a range is answered with the rest of the file, and one beyond its end is refused', async () => {
  const net = await site();
  const rest = await net.request({ ...request, headers: { range: 'bytes=7-' } });
  expect(rest).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 7-20/21' } });
  expect(await bytesOf(rest.body)).toEqual(Buffer.from(content.subarray(7)));
  expect(await net.request({ ...request, headers: { range: 'bytes=21-' } })).toMatchObject({ status: 416 });
  expect(await net.request({ ...request, url: 'http://vendor.example/other' })).toMatchObject({ status: 404 });
  await expect(net.request({ ...request, url: 'http://nobody.example/' })).rejects.toMatchObject({ code: 'ENOTFOUND' });
});
