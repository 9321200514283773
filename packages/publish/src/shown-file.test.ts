import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rotateRole } from './keys.ts';
import { refreshRepository } from './refresh-repository.ts';
import { openWorkshop, type Workshop } from './testing/workshop.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

const rootFile = (version: number) => join(shop.repository, `metadata/${version}.root.json`);
const rotate = (role: 'root' | 'targets' | 'timestamp') =>
  rotateRole(shop.ports, { folder: shop.keys, passphrase: undefined }, shop.repository, role);

/** A power cut right after a device has seen the new root, and before its name was durable. */
async function takeBack(version: number): Promise<Buffer> {
  const bytes = await readFile(rootFile(version));
  await rename(rootFile(version), `${rootFile(version)}.next`);
  return bytes;
}

test.each(['root', 'timestamp'] as const)(
  'a device that saw new keys for %s, which a power cut took from the vendor, follows when they are made once more',
  async (role) => {
    await rotate(role);
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
    const seen = await takeBack(2);
    await rotate(role);
    expect(await readFile(rootFile(2))).toEqual(seen);
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
    expect(await shop.refresh('new device')).toMatchObject({ kind: 'changed' });
  },
);

test('the daily signature shows a root that a power cut took, and leaves nothing pending', async () => {
  await rotate('timestamp');
  const seen = await takeBack(2);
  await refreshRepository(shop.ports, await shop.keyring(), shop.repository);
  expect(await readFile(rootFile(2))).toEqual(seen);
  await expect(stat(`${rootFile(2)}.next`)).rejects.toThrow('ENOENT');
});

test('a timestamp that a power cut took is shown by the next command, and never made anew with other content', async () => {
  const path = join(shop.repository, 'metadata/timestamp.json');
  const before = await readFile(path);
  await refreshRepository(shop.ports, await shop.keyring(), shop.repository);
  const seen = await readFile(path);
  await writeFile(`${path}.next`, seen);
  await writeFile(path, before);
  await rotate('targets');
  const versions = [before, seen, await readFile(path)].map((bytes) => JSON.parse(bytes.toString()).signed.version);
  expect(versions).toEqual([1, 2, 3]);
  await expect(stat(`${path}.next`)).rejects.toThrow('ENOENT');
});

test('a pending root that nobody could have followed is written over', async () => {
  await writeFile(`${rootFile(2)}.next`, '{"signed":');
  await rotate('root');
  expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
});
