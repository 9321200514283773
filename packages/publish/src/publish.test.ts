import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeDisk } from '@kedge/trust/os/disk';
import { failingDisk } from '@kedge/trust/testing/failing-disk';
import { type StaticServer, startStaticServer } from '@kedge/trust/testing/static-server';
import { Updater } from 'tuf-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publish } from './publish.ts';
import { Refused } from './refused.ts';
import { openWorkshop, type Workshop } from './testing/workshop.ts';
import { verifyRepository } from './verify-repository.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

async function release(counter: number, change?: { readonly [field: string]: unknown }) {
  const built = await shop.build(counter, change);
  return publish(shop.ports, await shop.keyring(), shop.repository, built);
}

describe('publishing', () => {
  test('brings a release to a device', async () => {
    expect(await release(1)).toMatchObject({ kind: 'published', path: 'stable/anchor/1.1.0.json' });
    expect(await release(2)).toMatchObject({ kind: 'published' });
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
    expect(await shop.counters()).toEqual([2, 1]);
    expect(await verifyRepository(shop.ports, shop.repository)).toEqual({ releases: 2, problems: [] });
  });

  test('the same release again changes nothing', async () => {
    await release(1);
    const before = await readFile(`${shop.repository}/metadata/timestamp.json`);
    expect(await release(1)).toMatchObject({ kind: 'already_published' });
    expect(await readFile(`${shop.repository}/metadata/timestamp.json`)).toEqual(before);
  });

  test.each([
    ['a counter that is not higher', 2, { version: '1.3.0' }, 'counter 2 is taken by 1.2.0: use 3 or more'],
    ['a lower counter in another channel', 1, { version: '1.3.0-beta.1', channel: 'beta' }, 'counter 1 is taken'],
    ['a published version with other content', 3, { version: '1.2.0' }, 'published already, with other content'],
  ])('%s is refused', async (_, counter, change, message) => {
    await release(2);
    await expect(release(counter, change)).rejects.toThrow(message);
  });

  test('a version that does not fit its channel is refused', async () => {
    const built = await shop.build(1);
    const path = `${built}/manifest.json`;
    await writeFile(path, (await readFile(path, 'utf8')).replace('"stable"', '"beta"'));
    await expect(publish(shop.ports, await shop.keyring(), shop.repository, built)).rejects.toThrow('channel');
  });

  test('an artifact that is not what the manifest says is refused', async () => {
    const built = await shop.build(1);
    for (const file of await readdir(`${built}/artifacts`)) await writeFile(`${built}/artifacts/${file}`, 'other');
    await expect(publish(shop.ports, await shop.keyring(), shop.repository, built)).rejects.toThrow(Refused);
  });

  test('without the channel’s key is refused with the name of its file, and nothing is written', async () => {
    for (const file of await readdir(shop.keys)) if (file.startsWith('stable-')) await rm(join(shop.keys, file));
    const before = await readdir(`${shop.repository}/metadata`);
    await expect(release(1)).rejects.toThrow(/stable needs 1 more of these keys: stable-[0-9a-f]{16}\.json/);
    expect(await readdir(`${shop.repository}/metadata`)).toEqual(before);
  });

  test('killed at any write leaves the old set or the new one, and can be run again', async () => {
    await release(1);
    const first = await shop.build(2);
    const other = await shop.build(3);
    const untouched = join(shop.folder, 'untouched');
    await cp(shop.repository, untouched, { recursive: true });
    for (let fails_at = 1; ; fails_at += 1) {
      await rm(shop.repository, { recursive: true });
      await cp(untouched, shop.repository, { recursive: true });
      const device = `device-${fails_at}`;
      await shop.refresh(device);
      const failing = failingDisk(nodeDisk, fails_at);
      const keyring = await shop.keyring();
      const ended = publish({ ...shop.ports, disk: failing.disk }, keyring, shop.repository, first);
      const outcome = await ended.catch((error: unknown) => error);
      expect(await shop.refresh(device)).not.toMatchObject({ kind: 'blocked' });
      const seen = await shop.counters(device);
      for (const file of await readdir(`${shop.repository}/artifacts`)) {
        const bytes = await readFile(`${shop.repository}/artifacts/${file}`);
        if (!file.endsWith('.tmp')) expect(file).toBe(`${createHash('sha256').update(bytes).digest('hex')}.tar.zst`);
      }
      expect([[1], [2, 1]]).toContainEqual(seen);
      // Every other time something else is published over what was left behind.
      const next = fails_at % 2 === 0 ? first : other;
      await publish(shop.ports, keyring, shop.repository, next);
      expect(await shop.refresh(device)).not.toMatchObject({ kind: 'blocked' });
      expect((await shop.counters(device))[0]).toBe(next === first ? 2 : 3);
      expect((await verifyRepository(shop.ports, shop.repository)).problems).toEqual([]);
      if (failing.changes() < fails_at) break;
      expect(outcome).toBeInstanceOf(Error);
    }
  }, 120_000);
});

describe('the stock TUF client', () => {
  let server: StaticServer;
  beforeEach(async () => {
    server = await startStaticServer(async (path) => nodeDisk.read(`${shop.repository}/${path}`, 10_000_000));
  });
  afterEach(() => server.close());

  test('reads the repository, and gets the newest stable manifest', async () => {
    await release(1);
    const { path, manifest_sha256 } = await release(2);
    const client = join(shop.folder, 'stock');
    await mkdir(client);
    await cp(`${shop.repository}/metadata/1.root.json`, join(client, 'root.json'));
    const updater = new Updater({
      metadataDir: client,
      metadataBaseUrl: `${server.url}/metadata`,
      targetDir: client,
      targetBaseUrl: `${server.url}/targets`,
    });
    // It takes the machine's time, where this repository is long expired or not yet signed.
    Reflect.set(Reflect.get(updater, 'trustedSet'), 'referenceTime', new Date(shop.now_ms));
    await updater.refresh();
    const target = await updater.getTargetInfo(path);
    expect(target?.custom).toEqual({ version: '1.2.0', counter: 2 });
    if (!target) throw new Error('the target was not found');
    const bytes = await readFile(await updater.downloadTarget(target));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(manifest_sha256);
  });
});
