import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Floor, type FloorPlace, noFloor, raise, readFloor, writeFloor } from './floor.ts';
import { nodeDisk } from './os/disk.ts';
import { sha256 } from './os/sha256.ts';
import { failingDisk } from './testing/failing-disk.ts';

const keys = (letter: string) => letter.repeat(64);

function floorOf(version: number, change: Partial<Floor> = {}, keys_sha256 = keys('a')): Floor {
  const roles = Object.fromEntries(
    ['root', 'timestamp', 'snapshot', 'targets', 'revocations'].map((role) => [role, { version, keys_sha256 }]),
  );
  return { roles, signed_at: '2026-06-01T00:00:00Z', revocation_sequence: version, ...change };
}

describe('the floor on disk', () => {
  let place: FloorPlace;
  beforeEach(async () => {
    place = { disk: nodeDisk, sha256, folder: await mkdtemp(join(tmpdir(), 'kedge-floor-')) };
  });
  afterEach(() => rm(place.folder, { recursive: true }));

  test('is none on a new device', async () => {
    expect(await readFloor(place)).toEqual(noFloor);
  });

  test('is not written again when it is the same', async () => {
    await writeFloor(place, floorOf(3));
    const { disk, changes } = failingDisk(nodeDisk, 0);
    await writeFloor({ ...place, disk }, floorOf(3));
    expect(changes()).toBe(0);
  });

  test.each(['floor.a.json', 'floor.b.json'])('survives that %s is torn, changed or gone', async (copy) => {
    const path = `${place.folder}/${copy}`;
    await writeFloor(place, floorOf(3));
    const whole = await readFile(path, 'utf8');
    for (const damaged of [
      '',
      whole.slice(0, 50),
      whole.replace('"version":3', '"version":1'),
      whole.replace('"version":3', '"version":9'),
    ]) {
      await writeFile(path, damaged);
      expect(await readFloor(place)).toEqual(floorOf(3));
    }
    await rm(path);
    expect(await readFloor(place)).toEqual(floorOf(3));
  });

  test('is the higher of two whole copies', async () => {
    await writeFloor(place, floorOf(3));
    const old = await readFile(`${place.folder}/floor.a.json`);
    await writeFloor(place, floorOf(5));
    await writeFile(`${place.folder}/floor.a.json`, old);
    expect(await readFloor(place)).toEqual(floorOf(5));
  });

  test('is never lower after a power cut than before', async () => {
    await writeFloor(place, floorOf(3));
    for (let fails_at = 1; fails_at < 12; fails_at += 1) {
      const { disk } = failingDisk(nodeDisk, fails_at);
      await writeFloor({ ...place, disk }, floorOf(3 + fails_at)).catch(() => undefined);
      expect((await readFloor(place)).roles['root']?.version).toBeGreaterThanOrEqual(3);
    }
  });
});

describe('the floor', () => {
  test('rises with what is seen, and keeps what was not seen this time', () => {
    const lts = { lts: { version: 4, keys_sha256: keys('a') } };
    const before = floorOf(3);
    expect(raise({ ...before, roles: { ...before.roles, ...lts } }, floorOf(5)).roles).toEqual({
      ...floorOf(5).roles,
      ...lts,
    });
  });

  test.each(['root', 'timestamp', 'snapshot', 'targets', 'revocations'])('refuses an older %s', (role) => {
    const seen = floorOf(5);
    const older = { ...seen, roles: { ...seen.roles, [role]: { version: 4, keys_sha256: keys('a') } } };
    expect(() => raise(seen, older)).toThrow(`${role} 4 is offered`);
  });

  test('refuses a lower revocation sequence', () => {
    expect(() => raise(floorOf(5), floorOf(5, { revocation_sequence: 4 }))).toThrow('revocation list 4');
  });

  test.each([0, -1, 1.5, 1e300, Number.NaN])('refuses version %d, which it could not be read back with', (version) => {
    expect(() => raise(noFloor, floorOf(version))).toThrow('version');
  });

  test('never takes back the time', () => {
    expect(raise(floorOf(5), floorOf(6, { signed_at: '2026-05-01T00:00:00Z' })).signed_at).toBe('2026-06-01T00:00:00Z');
    expect(raise(floorOf(5), floorOf(6, { signed_at: null })).signed_at).toBe('2026-06-01T00:00:00Z');
  });

  test('does not bind a role whose keys were replaced, but for root', () => {
    const seen = floorOf(2, { signed_at: '2026-01-01T00:00:00Z' }, keys('b'));
    const root = { version: 6, keys_sha256: keys('b') };
    const raised = raise(floorOf(5), { ...seen, roles: { ...seen.roles, root } });
    expect(raised).toEqual({ ...seen, roles: { ...seen.roles, root } });
    expect(() => raise(floorOf(5), seen)).toThrow('root 2 is offered');
  });

  test('lets go of timestamp and snapshot together, as 5.3.11 wants it', () => {
    const before = floorOf(1e9);
    const seen = floorOf(1e9);
    const roles = {
      ...seen.roles,
      timestamp: { version: 2, keys_sha256: keys('b') },
      snapshot: { version: 2, keys_sha256: keys('a') },
    };
    expect(raise(before, { ...seen, roles }).roles['snapshot']?.version).toBe(2);
  });
});
