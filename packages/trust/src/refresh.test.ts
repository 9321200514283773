import { cp, readdir, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeDisk } from './os/disk.ts';
import { clockAt, openScene, revocations, type Scene } from './testing/device.ts';
import { failingDisk } from './testing/failing-disk.ts';
import { listRelease } from './testing/vendor.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

const releases = async () => (await scene.trusted()).releases.map(({ custom }) => custom.version);
const second = { version: 2, listed: { stable: [listRelease(1), listRelease(2)] } };

describe('a check', () => {
  test('trusts what is signed, and lists the releases of the channels', async () => {
    expect(await scene.refresh()).toMatchObject({ kind: 'changed', source: scene.server.url });
    const trusted = await scene.trusted();
    expect(trusted).toMatchObject({ problems: [], signed_at: '2026-06-01T00:00:00Z', revocations: { sequence: 1 } });
    expect(trusted.releases).toMatchObject([
      { path: 'stable/anchor/1.1.0.json', channel: 'stable', custom: { version: '1.1.0', counter: 1 } },
    ]);
  });

  test('with nothing new costs two requests, less than 1 kB and not one write', async () => {
    await scene.refresh();
    scene.server.clear();
    const { disk, changes } = failingDisk(nodeDisk, 0);
    expect(await scene.refresh({ disk })).toMatchObject({ kind: 'current' });
    expect(scene.server.answers.map(({ path, status }) => [path, status])).toEqual([
      ['metadata/2.root.json', 404],
      ['metadata/timestamp.json', 200],
    ]);
    const body_bytes = scene.server.answers.reduce((sum, answer) => sum + answer.body_bytes, 0);
    expect(body_bytes).toBeLessThan(1000);
    expect(changes()).toBe(0);
  });

  test('follows a new edition, and keeps no file of the old one', async () => {
    await scene.refresh();
    scene.publish(second);
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
    expect(await releases()).toEqual(['1.2.0', '1.1.0']);
    const kept = await readdir(`${scene.options.folder}/metadata`);
    expect(kept.filter((file) => file.startsWith('1.'))).toEqual([]);
  });

  test('fetches a torn or garbage file again, whichever it is', async () => {
    await scene.refresh();
    for (const file of await readdir(`${scene.options.folder}/metadata`)) {
      for (const content of ['', '{"signed":', 'x'.repeat(6_000_000)]) {
        await writeFile(`${scene.options.folder}/metadata/${file}`, content);
        expect(await scene.refresh()).not.toMatchObject({ kind: 'blocked' });
        expect(await scene.trusted()).toMatchObject({ problems: [], releases: [{ custom: { counter: 1 } }] });
      }
    }
  });

  test('whose power is cut at any write leaves the old set or the new one, and the next check ends it', async () => {
    await scene.refresh();
    scene.publish({ ...second, revocations: revocations(2) });
    for (let fails_at = 1; ; fails_at += 1) {
      const folder = `${scene.options.folder}/cut-${fails_at}`;
      for (const part of ['metadata', 'revocations.json', 'floor.a.json', 'floor.b.json']) {
        await cp(`${scene.options.folder}/${part}`, `${folder}/${part}`, { recursive: true });
      }
      const failing = failingDisk(nodeDisk, fails_at);
      const outcome = await scene.refresh({ folder, disk: failing.disk }).catch((error: unknown) => error);
      const counters = (await scene.trusted({ folder })).releases.map(({ custom }) => custom.counter);
      expect([[1], [2, 1]]).toContainEqual(counters);
      expect(await scene.refresh({ folder })).not.toMatchObject({ kind: 'blocked' });
      const trusted = await scene.trusted({ folder });
      expect(trusted).toMatchObject({ revocations: { sequence: 2 }, releases: [{}, {}], problems: [] });
      if (failing.changes() < fails_at) break;
      expect(outcome).toBeInstanceOf(Error);
    }
  }, 120_000);
});

describe('a source that answers', () => {
  const send = (status: number, headers: Record<string, string>, body: string) => (response: ServerResponse) => {
    response.writeHead(status, headers).end(body);
  };
  const endless = (response: ServerResponse) => {
    const more = () => response.write('x'.repeat(65_536), (error) => error ?? more());
    more();
  };
  test.each<[string, string, (response: ServerResponse) => void]>([
    ['a redirect', 'redirected', send(302, { location: 'http://portal.example/login' }, '')],
    ['a web page', 'malformed', send(200, {}, '<\n\u001b[2J>')],
    ['a redirect to a very long address', 'redirected', send(307, { location: 'x'.repeat(5000) }, '')],
    ['with 404', 'not_found', send(404, {}, 'no')],
    ['with 404 without an end', 'not_found', (response) => endless(response.writeHead(404))],
    ['with 401', 'malformed', send(401, {}, 'no')],
    ['with 500', 'server_error', send(500, {}, 'oops')],
    ['with nothing', 'malformed', send(200, {}, '')],
    ['without an end', 'too_large', endless],
    ['with JSON that is no metadata', 'malformed', send(200, {}, '{"signed":{},"signatures":[]}')],
    [
      'with half of the file',
      'malformed',
      (response) => response.end(scene.files.get('metadata/timestamp.json')?.slice(0, 99)),
    ],
    ['by hanging up', 'unreachable', (response) => response.destroy()],
  ])('%s is not believed: %s', async (_, reason, how) => {
    await scene.refresh();
    scene.publish(second);
    scene.server.answer('metadata/timestamp.json', how);
    const refreshed = await scene.refresh();
    expect(refreshed).toMatchObject({ kind: 'blocked', reason });
    expect(refreshed.kind === 'blocked' && refreshed.detail).toMatch(/^\P{Cc}{20,400}$/u);
    expect(await releases()).toEqual(['1.1.0']);
    scene.server.answer('metadata/timestamp.json', undefined);
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
  });

  test('drop by drop is left when its time is up', async () => {
    let drops = 0;
    scene.server.answer('metadata/timestamp.json', (response) => {
      const drip = () => response.write('x', () => (drops++ < 50 ? setImmediate(drip) : response.end()));
      drip();
    });
    let time_ms = 0;
    const clock = clockAt('2026-06-02T00:00:00Z', () => (time_ms += 9_000));
    expect(await scene.refresh({ clock })).toMatchObject({ kind: 'blocked', reason: 'timed_out' });
  });

  test('wrongly is passed over for the next one, and the result says why', async () => {
    scene.server.answer('evil/metadata/timestamp.json', (response) => response.end('<html>'));
    const refreshed = await scene.refresh({
      sources: ['http://127.0.0.1:1', `${scene.server.url}/evil`, scene.server.url],
    });
    expect(refreshed).toMatchObject({
      kind: 'changed',
      source: scene.server.url,
      passed_over: [{ reason: 'unreachable' }, { source: `${scene.server.url}/evil`, reason: 'malformed' }],
    });
  });

  test('wrongly tells more than one that does not answer', async () => {
    scene.server.answer('evil/metadata/timestamp.json', (response) => response.end('<html>'));
    const refreshed = await scene.refresh({ sources: ['http://127.0.0.1:1', `${scene.server.url}/evil`] });
    expect(refreshed).toMatchObject({ kind: 'blocked', reason: 'malformed', passed_over: [{}, {}] });
  });

  test('not at all blocks updates and nothing else', async () => {
    await scene.refresh();
    expect(await scene.refresh({ sources: ['http://127.0.0.1:1'] })).toMatchObject({
      kind: 'blocked',
      reason: 'unreachable',
    });
    expect(await scene.refresh({ sources: [] })).toMatchObject({ kind: 'blocked', reason: 'unreachable' });
    expect(await scene.trusted()).toMatchObject({ releases: [{}], revocations: { sequence: 1 }, problems: [] });
  });
});
