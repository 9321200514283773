import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeDisk } from '@kedge/trust/os/disk';
import { failingDisk } from '@kedge/trust/testing/failing-disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commit } from './commit.ts';
import { makeKeys, readKeyring } from './keyring.ts';
import { initRepository, listKeys, revokeKey, rotateRole } from './keys.ts';
import { publish } from './publish.ts';
import { refreshRepository } from './refresh-repository.ts';
import { readRepository } from './repository.ts';
import { openWorkshop, type Workshop } from './testing/workshop.ts';
import { verifyRepository } from './verify-repository.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.close());

const place = () => ({ folder: shop.keys, passphrase: undefined });

async function release(counter: number) {
  return publish(shop.ports, await shop.keyring(), shop.repository, await shop.build(counter));
}

async function idOf(role: string, at = 0): Promise<string> {
  const roles = await listKeys(shop.ports, shop.repository);
  return roles.find((one) => one.role === role)?.key_ids[at] ?? '';
}

describe('keys init', () => {
  test('makes a repository that a device trusts, and key files that nobody else can read', async () => {
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
    expect(await shop.trusted()).toMatchObject({ releases: [], revocations: { sequence: 1 }, problems: [] });
    const files = await readdir(shop.keys);
    expect(files.filter((file) => file.startsWith('root-'))).toHaveLength(3);
    for (const file of files) expect((await stat(join(shop.keys, file))).mode & 0o777).toBe(0o600);
  });

  test('asks for two of the three keys of root and of targets, and for the one of every other role', async () => {
    const asked = (await listKeys(shop.ports, shop.repository)).map(({ role, threshold, key_ids }) => {
      return `${role}: ${threshold} of ${key_ids.length}`;
    });
    const others = ['snapshot', 'timestamp', 'nightly', 'beta', 'stable', 'lts', 'hotfix', 'rollouts', 'revocations'];
    expect(asked).toEqual(['root: 2 of 3', 'targets: 2 of 3', ...others.map((role) => `${role}: 1 of 1`)]);
  });

  test('does not touch folders that are in use', async () => {
    await expect(initRepository(shop.ports, place(), shop.repository)).rejects.toThrow('is not empty');
  });

  test('with a passphrase writes keys that sign with it alone', async () => {
    const folder = join(shop.folder, 'sealed');
    const [key] = await makeKeys(shop.ports, { folder, passphrase: 'capstan' }, 'stable', 1);
    const id = key?.keyID ?? '';
    const [file = ''] = await readdir(folder);
    expect(await readFile(join(folder, file), 'utf8')).toContain('"scrypt_n": 131072');
    const sign = async (passphrase: string | undefined) =>
      (await readKeyring(nodeDisk, { folder, passphrase })).sign(id, new Uint8Array(3));
    expect(await sign('capstan')).toMatch(/^[0-9a-f]{128}$/);
    await expect(sign('windlass')).rejects.toThrow('the passphrase is wrong');
    await expect(sign(undefined)).rejects.toThrow('is encrypted');
  });
});

test('a damaged key file is named', async () => {
  await writeFile(join(shop.keys, 'stable-old.json'), '{"format":"kedge-key/1"}');
  await expect(shop.keyring()).rejects.toThrow(/^stable-old\.json: role: is missing/);
});

test.each([
  ['scrypt_n', 2 ** 22],
  ['scrypt_n', 100_000],
  ['scrypt_r', 32],
  ['scrypt_p', 16],
])(
  'a key file whose passphrase would take hours and all memory, or cannot be tried, is named: %s %i',
  async (cost, value) => {
    const name = `stable-${(await idOf('stable')).slice(0, 16)}.json`;
    const file = JSON.parse(await readFile(join(shop.keys, name), 'utf8'));
    const hex = (bytes: number) => 'ab'.repeat(bytes);
    const sealed = { salt: hex(16), nonce: hex(12), ciphertext: hex(32), tag: hex(16) };
    const secret = { kind: 'scrypt_aes256gcm', scrypt_n: 1024, scrypt_r: 8, scrypt_p: 1, ...sealed, [cost]: value };
    await writeFile(join(shop.keys, name), JSON.stringify({ ...file, secret }));
    await expect(shop.keyring()).rejects.toThrow(`${name}: secret.${cost}: must be `);
  },
);

test('a key file with a damaged secret signs nothing: no device would believe it', async () => {
  const path = join(shop.keys, `stable-${(await idOf('stable')).slice(0, 16)}.json`);
  const file = await readFile(path, 'utf8');
  await writeFile(
    path,
    file.replace(/("seed": ")(.)/, (_, head, digit) => `${head}${digit === '0' ? '1' : '0'}`),
  );
  await expect(release(1)).rejects.toThrow(/^stable-[0-9a-f]{16}\.json: its secret is not that of its public key/);
  expect((await verifyRepository(shop.ports, shop.repository)).problems).toEqual([]);
});

describe('keys rotate', () => {
  test.each(['root', 'targets', 'snapshot', 'timestamp', 'stable', 'revocations'] as const)(
    '%s: old and new devices follow, and the old keys count no more',
    async (role) => {
      await release(1);
      await shop.refresh('old');
      const before = await idOf(role);
      await rotateRole(shop.ports, place(), shop.repository, role);
      expect(await idOf(role)).not.toBe(before);
      expect((await verifyRepository(shop.ports, shop.repository)).problems).toEqual([]);
      await rm(join(shop.keys, `${role}-${before.slice(0, 16)}.json`));
      await release(2);
      for (const device of ['old', 'new']) {
        expect(await shop.refresh(device)).toMatchObject({ kind: 'changed' });
        expect(await shop.counters(device)).toEqual([2, 1]);
      }
    },
  );

  test('killed at any write leaves a repository that devices and the next rotation accept', async () => {
    await shop.refresh();
    for (let fails_at = 1; ; fails_at += 1) {
      const failing = failingDisk(nodeDisk, fails_at);
      const ports = { ...shop.ports, disk: failing.disk };
      await rotateRole(ports, place(), shop.repository, 'timestamp').catch((error: unknown) => error);
      expect(await shop.refresh()).not.toMatchObject({ kind: 'blocked' });
      expect((await verifyRepository(shop.ports, shop.repository)).problems).toEqual([]);
      if (failing.changes() < fails_at) break;
    }
    expect((await readRepository(nodeDisk, shop.repository)).root.signed.version).toBeGreaterThan(1);
  });
});

describe('keys revoke', () => {
  test('replaces one key and leaves the others', async () => {
    const [first, second] = [await idOf('targets', 0), await idOf('targets', 1)];
    const replaced = await revokeKey(shop.ports, place(), shop.repository, first);
    expect(replaced).toMatchObject({
      role: 'targets',
      made: [expect.any(String)],
      retired: [`targets-${first.slice(0, 16)}.json`],
    });
    expect(await readdir(shop.keys)).toEqual(expect.arrayContaining([...replaced.made, ...replaced.retired]));
    const targets = (await listKeys(shop.ports, shop.repository)).find(({ role }) => role === 'targets');
    expect(targets?.key_ids).toContain(second);
    expect(targets?.key_ids).not.toContain(first);
    expect(targets?.key_ids).toHaveLength(3);
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
  });

  test('works when the key is lost', async () => {
    const lost = await idOf('timestamp');
    await shop.refresh();
    await rm(join(shop.keys, `timestamp-${lost.slice(0, 16)}.json`));
    await revokeKey(shop.ports, place(), shop.repository, lost);
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
  });

  test('of an unknown key is refused', async () => {
    await expect(revokeKey(shop.ports, place(), shop.repository, 'f'.repeat(64))).rejects.toThrow(
      'no role has the key',
    );
  });

  test('frees devices that a thief of the timestamp’s key has led to far-off versions', async () => {
    const thief = await readRepository(nodeDisk, shop.repository);
    const stolen = await idOf('timestamp');
    Object.assign(thief.timestamp.signed, { version: 1e9 });
    const ours = await readFile(`${shop.repository}/metadata/timestamp.json`);
    await commit(shop.ports, await shop.keyring(), thief, {});
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
    await writeFile(`${shop.repository}/metadata/timestamp.json`, ours);
    await refreshRepository(shop.ports, await shop.keyring(), shop.repository);
    expect(await shop.refresh()).toMatchObject({ kind: 'blocked', reason: 'rolled_back' });
    await revokeKey(shop.ports, place(), shop.repository, stolen);
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
  });
});
