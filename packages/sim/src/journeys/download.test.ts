/** How a release comes to the device: cut off, tampered with, from a stick, and what it costs when there is none. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { Disk } from '@kedge/core/ports';
import { nodeDisk } from '@kedge/trust/os/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, createWorld, listen, type World } from '../testing/world.ts';
import { installFirst, ownDevice, texts } from './testing/owned-device.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

/** Large enough that an artifact is more than one chunk, and incompressible. */
const next = { version: '1.1.0', counter: 2, salt: randomBytes(300_000).toString('base64') };

const isArtifact = ({ url }: IncomingMessage): boolean => url?.startsWith('/artifacts/') ?? false;

const cutAfter =
  (count: number): Answer =>
  (request, response) => {
    if (!isArtifact(request)) return world.serve(request, response);
    const bytes = world.bytesOf(request.url ?? '');
    response.writeHead(200, { 'content-length': bytes.length });
    return response.write(bytes.subarray(0, count), () => request.socket.end());
  };

describe('a download', () => {
  test('that is cut off goes on where it was: no byte is sent twice', async () => {
    const owned = await ownDevice(world);
    await installFirst(world, owned);
    await world.publish(next);
    const cut_after_bytes = 100_000;
    const sent: { readonly range: string | undefined; readonly bytes: number }[] = [];
    let length_bytes = 0;
    world.answerWith((request, response) => {
      if (!isArtifact(request)) return world.serve(request, response);
      const bytes = world.bytesOf(request.url ?? '');
      const { range } = request.headers;
      length_bytes = bytes.length;
      if (range !== undefined) {
        sent.push({ range, bytes: bytes.length - Number(/\d+/.exec(range)?.[0]) });
        return world.serve(request, response);
      }
      sent.push({ range, bytes: cut_after_bytes });
      response.writeHead(200, { 'content-length': bytes.length });
      return response.write(bytes.subarray(0, cut_after_bytes), () => request.socket.end());
    });
    const cut = await owned.check();
    expect(cut).toMatchObject({ kind: 'failed', stage: 'download', fetched_bytes: cut_after_bytes });
    expect(await texts(world, '1.0.0')).toEqual(['first']);
    expect(await owned.check()).toMatchObject({
      kind: 'updated',
      to: '1.1.0',
      fetched_bytes: length_bytes - cut_after_bytes,
    });
    expect(sent).toEqual([
      { range: undefined, bytes: cut_after_bytes },
      { range: 'bytes=100000-', bytes: length_bytes - cut_after_bytes },
    ]);
  });

  test('that is cut off is gone on with after a restart, from another source', async () => {
    await installFirst(world, await ownDevice(world));
    await world.publish(next);
    world.answerWith(cutAfter(50_000));
    const first = await ownDevice(world);
    expect(await first.check()).toMatchObject({ kind: 'failed', fetched_bytes: 50_000 });
    await first.booted.cutPower();
    const second = await ownDevice(world, {}, '', [`file://${world.repository}`]);
    const report = await second.check();
    expect(report).toMatchObject({ kind: 'updated', to: '1.1.0' });
    expect(report.fetched_bytes).toBeGreaterThan(0);
    expect(report.fetched_bytes).toBeLessThan(next.salt.length);
  });

  test('that is cut off is durable as far as it came', async () => {
    const done: string[] = [];
    const note = async (what: string, work: Promise<void>): Promise<void> => {
      await work;
      done.push(what);
    };
    const watched: Disk = {
      ...nodeDisk,
      async open(path, how, mode) {
        const file = await nodeDisk.open(path, how, mode);
        if (!path.endsWith('.part')) return file;
        return {
          ...file,
          write: (bytes) => note('write', file.write(bytes)),
          sync: () => note('sync', file.sync()),
          close: () => note('close', file.close()),
        };
      },
    };
    await world.publish({ version: '1.0.0', counter: 1, salt: next.salt });
    world.answerWith(cutAfter(50_000));
    const owned = await ownDevice(world, { disk: watched });
    expect(await owned.check()).toMatchObject({ kind: 'failed', fetched_bytes: 50_000 });
    expect(done.slice(-3)).toEqual(['write', 'sync', 'close']);
  });

  test('that a source goes on with at another byte is begun anew', async () => {
    await world.publish({ version: '1.0.0', counter: 1, salt: next.salt });
    world.answerWith(cutAfter(50_000));
    const owned = await ownDevice(world);
    expect(await owned.check()).toMatchObject({ kind: 'failed', fetched_bytes: 50_000 });
    let length_bytes = 0;
    world.answerWith((request, response) => {
      if (!isArtifact(request)) return world.serve(request, response);
      const bytes = world.bytesOf(request.url ?? '');
      length_bytes = bytes.length;
      response.writeHead(206, { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` });
      return response.end(bytes);
    });
    expect(await owned.check()).toMatchObject({ kind: 'failed', stage: 'download', fetched_bytes: 0 });
    world.answerWith(undefined);
    expect(await owned.check()).toMatchObject({ kind: 'updated', to: '1.0.0', fetched_bytes: length_bytes });
  });

  test('from a source that sends something else is passed over for the next source', async () => {
    const asked: string[] = [];
    const mirror = createServer((request, response) => {
      if (isArtifact(request)) asked.push('mirror');
      world.serve(request, response);
    });
    const url = `http://127.0.0.1:${await listen(mirror)}`;
    const owned = await ownDevice(world, {}, '', [world.url, url]);
    await installFirst(world, owned);
    await world.publish(next);
    world.answerWith((request, response) => {
      if (!isArtifact(request)) return world.serve(request, response);
      asked.push('tampered');
      return response.end(Buffer.alloc(world.bytesOf(request.url ?? '').length));
    });
    const report = await owned.check();
    mirror.closeAllConnections();
    mirror.close();
    await once(mirror, 'close');
    expect(report).toMatchObject({ kind: 'updated', to: '1.1.0' });
    expect(asked).toEqual(['tampered', 'mirror']);
    expect(await texts(world, '1.1.0')).toEqual(['first']);
    expect(await owned.handlers.history({})).toContainEqual(
      expect.objectContaining({ event: 'tampered', fields: expect.objectContaining({ source: world.url, tries: 1 }) }),
    );
  });
});

test('a USB stick is a repository: the first install and an update come from a file: URL alone', async () => {
  world.answerWith((request) => request.socket.destroy());
  const owned = await ownDevice(world, {}, '', [`file://${world.repository}`]);
  await installFirst(world, owned);
  await world.publish(next);
  expect(await owned.check()).toMatchObject({ kind: 'updated', to: '1.1.0' });
  expect(await texts(world, '1.1.0')).toEqual(['first']);
});

test('a look that finds nothing new is two requests and at most 1 kB, counted at the socket, heads included', async () => {
  const owned = await ownDevice(world);
  await installFirst(world, owned);
  const asked: string[] = [];
  let sent_bytes = 0;
  world.answerWith((request, response) => {
    const { socket } = request;
    const before_bytes = socket.bytesWritten;
    asked.push(request.url ?? '');
    response.once('finish', () => {
      sent_bytes += socket.bytesWritten - before_bytes;
    });
    world.serve(request, response);
  });
  expect(await owned.check()).toMatchObject({ kind: 'up_to_date', fetched_bytes: 0 });
  expect(asked).toEqual(['/metadata/2.root.json', '/metadata/timestamp.json']);
  expect(sent_bytes).toBeGreaterThan(world.bytesOf('metadata/timestamp.json').length);
  expect(sent_bytes).toBeLessThanOrEqual(1_000);
});
