import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeDisk } from '@kedge/trust/os/disk';
import { TargetFile } from '@tufjs/models';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commit } from './commit.ts';
import { publish } from './publish.ts';
import { refreshRepository } from './refresh-repository.ts';
import { readRepository, roleOf } from './repository.ts';
import { nextTargets } from './targets.ts';
import { day_ms, openWorkshop, type Workshop } from './testing/workshop.ts';
import { verifyRepository } from './verify-repository.ts';
import { type Withdrawal, yank } from './yank.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
  await publish(shop.ports, await shop.keyring(), shop.repository, await shop.build(1));
});
afterEach(() => shop.close());

const problems = async () => (await verifyRepository(shop.ports, shop.repository)).problems;
const renew = async () => refreshRepository(shop.ports, await shop.keyring(), shop.repository);

describe('the daily refresh', () => {
  test('signs the timestamp alone while nothing else is close to its expiry', async () => {
    await shop.refresh();
    shop.now_ms += day_ms;
    expect(await renew()).toEqual({ signed: ['timestamp'], left: [] });
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
    expect((await shop.trusted()).signed_at).toBe('2026-06-02T00:00:00Z');
  });

  test('keeps a repository alive past the expiry of every role, and a device with it', async () => {
    for (let day = 0; day < 400; day += 5) {
      shop.now_ms += 5 * day_ms;
      expect((await renew()).left).toEqual([]);
      if (day % 100 === 0) expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
    }
    expect(await problems()).toEqual([]);
    expect(await shop.counters()).toEqual([1]);
  });

  test('names what expires soon and cannot be signed here', async () => {
    for (const file of await readdir(shop.keys)) if (/^(root|stable)-/.test(file)) await rm(join(shop.keys, file));
    shop.now_ms += 65 * day_ms;
    const { left } = await renew();
    expect(left).toEqual([{ role: 'stable', expires: '2026-08-30T00:00:00Z' }]);
  });

  test('is refused while the clock is behind what was signed before: devices would find it expired', async () => {
    shop.now_ms = Date.parse('1970-01-02T00:00:00Z');
    await expect(renew()).rejects.toThrow(
      "this machine's clock says 1970-01-02T00:00:00Z, but the repository was signed at 2026-06-01T00:00:00Z: set the clock",
    );
    shop.now_ms = Date.parse('2026-05-31T23:50:00Z');
    expect(await renew()).toMatchObject({ signed: ['timestamp'] });
    expect(await shop.refresh()).toMatchObject({ kind: 'changed' });
  });

  test('that was forgotten is what verify says', async () => {
    shop.now_ms += 8 * day_ms;
    expect(await problems()).toEqual([expect.stringContaining('expired')]);
    expect(await shop.refresh()).toMatchObject({ kind: 'blocked', reason: 'expired' });
    await renew();
    expect(await problems()).toEqual([]);
  });
});

describe('yank', () => {
  const take = async (change: Partial<Withdrawal> = {}) => {
    const withdrawal = { product: 'anchor', version: '1.1.0', reason: 'drags', action: 'refuse', ...change } as const;
    return yank(shop.ports, await shop.keyring(), shop.repository, withdrawal);
  };

  test('tells devices which release was taken back, why, and what to do', async () => {
    expect(await take()).toBe(2);
    await shop.refresh();
    const { releases, revocations } = await shop.trusted();
    expect(revocations).toMatchObject({
      sequence: 2,
      entries: [{ manifest_sha256: releases[0]?.sha256, version: '1.1.0', reason: 'drags', action: 'refuse' }],
    });
    expect(await problems()).toEqual([]);
  });

  test('twice is once, but a sterner action is another entry', async () => {
    await take();
    expect(await take()).toBe(2);
    expect(await take({ action: 'roll_back' })).toBe(3);
  });

  test('of a release that only a thief has signed goes by the digest of its manifest', async () => {
    const manifest_sha256 = 'ab'.repeat(32);
    expect(await take({ version: '9.9.9', manifest_sha256 })).toBe(2);
    await shop.refresh();
    expect((await shop.trusted()).revocations?.entries).toMatchObject([{ manifest_sha256, version: '9.9.9' }]);
    await expect(take({ version: '9.9.9', manifest_sha256: 'no digest' })).rejects.toThrow('manifest_sha256');
  });

  test('of a version that was never published is refused', async () => {
    await expect(take({ version: '9.9.9' })).rejects.toThrow('anchor 9.9.9 is not in');
  });
});

describe('verify', () => {
  const files = async (folder: string) =>
    (await readdir(join(shop.repository, folder))).map((file) => join(shop.repository, folder, file));

  test('finds a damaged artifact, manifest or list, and names it', async () => {
    const damage = [
      ...(await files('artifacts')),
      ...(await files('targets/stable/anchor')),
      ...(await files('targets/revocations')),
    ];
    expect(damage).toHaveLength(3);
    for (const path of damage) {
      const whole = await readFile(path);
      for (const change of [
        () =>
          writeFile(
            path,
            whole.map((byte) => byte ^ 1),
          ),
        () => rm(path),
      ]) {
        await change();
        const found = await problems();
        expect(found).toHaveLength(1);
        expect(found[0]).toMatch(/is missing or damaged/);
      }
      await writeFile(path, whole);
    }
    expect(await problems()).toEqual([]);
  });

  test('finds a release that its role may not list, and one that is listed as something else', async () => {
    const repository = await readRepository(nodeDisk, shop.repository);
    const { targets } = roleOf(repository, 'stable').signed;
    const [listed] = Object.values(targets);
    if (!listed) throw new Error('nothing was published');
    const { length, hashes } = listed;
    const wrong = [
      new TargetFile({ path: 'beta/anchor/1.1.0.json', length, hashes }),
      new TargetFile({ path: 'stable/anchor/7.7.7.json', length, hashes }),
    ];
    const [manifest] = await files('targets/stable/anchor');
    await cp(manifest ?? '', (manifest ?? '').replace('1.1.0', '7.7.7'));
    const role = nextTargets('stable', roleOf(repository, 'stable').signed, shop.now_ms, { targets: wrong });
    await commit(shop.ports, await shop.keyring(), repository, { roles: new Map([['stable', role]]) });
    expect(await problems()).toEqual([
      'stable.json lists beta/anchor/1.1.0.json, which is not under its paths',
      'stable/anchor/7.7.7.json says it is stable/anchor/1.1.0.json',
      'stable/anchor/7.7.7.json: its version or counter is not the one that is listed',
    ]);
  });

  test('finds each damaged file of the metadata that counts', async () => {
    for (const name of [
      '1.root.json',
      'timestamp.json',
      '2.snapshot.json',
      '1.targets.json',
      '2.stable.json',
      '1.lts.json',
    ]) {
      const path = `${shop.repository}/metadata/${name}`;
      const whole = await readFile(path, 'utf8');
      await writeFile(path, whole.replace(/"version":\d+/, '"version":77'));
      expect(await problems()).toHaveLength(1);
      await writeFile(path, whole);
    }
    expect(await problems()).toEqual([]);
  });
});
