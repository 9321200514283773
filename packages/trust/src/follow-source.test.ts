import { rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { delegatedRoleNames } from './roles.ts';
import { clockAt, openScene, revocations, type Scene } from './testing/device.ts';
import { listRelease, makePair, makePairs, signRoot } from './testing/vendor.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

const releases = async () => (await scene.trusted()).releases.map(({ custom }) => custom.version);
const second = { version: 2, listed: { stable: [listRelease(1), listRelease(2)] } };

describe('signatures', () => {
  test('by a stranger are refused', async () => {
    scene.publish({ version: 2, signers: { timestamp: [makePair()] } });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'bad_signature' });
  });

  test('of a release by another role’s key are refused', async () => {
    scene.publish({ version: 2, signers: { stable: scene.pairs.timestamp } });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'bad_signature' });
  });

  test('by one of the two keys of targets are too few, also when it signs twice', async () => {
    const [one] = scene.pairs.targets;
    scene.publish({ version: 2, signers: { targets: one ? [one, one] : [] } });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'bad_signature' });
  });

  test('do not let a role list what is not under its paths', async () => {
    const stolen = { ...listRelease(9), path: 'hotfix/anchor/1.9.0.json' };
    scene.publish({ version: 2, listed: { stable: [listRelease(1), stolen] } });
    await scene.refresh();
    expect(await releases()).toEqual(['1.1.0']);
  });
});

describe('an attack', () => {
  test('with files of two days is refused', async () => {
    await scene.refresh();
    scene.publish({ version: 2 });
    const old = scene.files.get('metadata/2.stable.json');
    scene.publish({ ...second, versions: {} });
    if (old) scene.files.set('metadata/2.stable.json', old);
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'mismatch' });
    expect(await releases()).toEqual(['1.1.0']);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['the cache in place', async () => {}],
    ['the cache deleted', () => rm(`${scene.options.folder}/metadata`, { recursive: true })],
    [
      'the cache deleted and one copy of the floor torn',
      async () => {
        await rm(`${scene.options.folder}/metadata`, { recursive: true });
        await writeFile(`${scene.options.folder}/floor.a.json`, '{"sha256":');
      },
    ],
  ])('with an older edition is refused, with %s', async (_, prepare) => {
    const old = new Map(scene.files);
    scene.publish({ ...second, revocations: revocations(2) });
    await scene.refresh();
    for (const [path, bytes] of old) scene.files.set(path, bytes);
    await prepare();
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'rolled_back' });
    scene.publish({ ...second, version: 3, revocations: revocations(2) });
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
  });

  test('with one older role in a newer edition is refused without the cache', async () => {
    scene.publish({ version: 5, listed: { stable: [listRelease(5)] } });
    await scene.refresh();
    await rm(`${scene.options.folder}/metadata`, { recursive: true });
    scene.publish({ version: 6, versions: { stable: 4 } });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'rolled_back' });
  });

  test('with an older version of a role that this device does not read is refused as well', async () => {
    scene.publish({ version: 5 });
    await scene.refresh();
    scene.publish({ version: 6, versions: { lts: 4 } });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'rolled_back' });
  });

  test.each(['snapshot', 'targets', 'stable', 'revocations'] as const)(
    'with an expired %s is refused',
    async (role) => {
      scene.publish({ ...second, expires: { [role]: '2026-06-01T00:00:00Z' } });
      expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'expired' });
    },
  );
});

describe('new keys', () => {
  const rotated = () => {
    const fresh = makePairs();
    const pairs = { ...scene.pairs, timestamp: fresh.timestamp, snapshot: fresh.snapshot };
    return { pairs, root: signRoot(2, pairs, scene.pairs.root) };
  };

  test('are learnt from a root that the old root’s keys have signed, and the old ones count no more', async () => {
    await scene.refresh();
    const { pairs, root } = rotated();
    scene.files.set('metadata/2.root.json', root);
    scene.publish({ ...second, pairs });
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
    scene.publish({ ...second, version: 3 });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'bad_signature' });
  });

  test('of root take the old and the new threshold', async () => {
    const pairs = { ...scene.pairs, root: makePairs().root };
    for (const signers of [pairs.root, scene.pairs.root, [...pairs.root, ...scene.pairs.root.slice(1)]]) {
      scene.files.set('metadata/2.root.json', signRoot(2, pairs, signers));
      expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'bad_signature' });
    }
    scene.files.set('metadata/2.root.json', signRoot(2, pairs, [...pairs.root, ...scene.pairs.root]));
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
  });

  test('free a device that a thief has led to far-off versions', async () => {
    scene.publish({ version: 1, versions: { timestamp: 1e9, snapshot: 1e9 } });
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
    scene.publish({ ...second, version: 2 });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'rolled_back' });
    const { pairs, root } = rotated();
    scene.files.set('metadata/2.root.json', root);
    scene.publish({ ...second, pairs, version: 3 });
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
    expect(await releases()).toEqual(['1.2.0', '1.1.0']);
  });

  test('free a device that a publisher with a wrong clock has led into the future', async () => {
    const later = {
      timestamp: '2091-01-01T00:00:00Z',
      snapshot: '2091-01-01T00:00:00Z',
      targets: '2091-01-01T00:00:00Z',
    };
    const roles = Object.fromEntries(delegatedRoleNames.map((role) => [role, '2091-01-01T00:00:00Z']));
    scene.files.set('metadata/2.root.json', signRoot(2, scene.pairs, scene.pairs.root, '2091-01-01T00:00:00Z'));
    scene.publish({ version: 2, signed_at: '2090-01-01T00:00:00Z', expires: { ...later, ...roles } });
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
    scene.publish({ ...second, version: 3 });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'expired' });
    const { pairs } = rotated();
    scene.files.set('metadata/3.root.json', signRoot(3, pairs, scene.pairs.root));
    scene.publish({ ...second, pairs, version: 4 });
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
    expect(await scene.refresh()).toMatchObject({ kind: 'current' });
    expect((await scene.trusted()).signed_at).toBe('2026-06-01T00:00:00Z');
  });

  test('of the snapshot alone also free it from the version that the old timestamp names', async () => {
    scene.publish({ version: 1, versions: { timestamp: 2, snapshot: 1e9 } });
    await scene.refresh();
    const pairs = { ...scene.pairs, snapshot: makePairs().snapshot };
    scene.files.set('metadata/2.root.json', signRoot(2, pairs, scene.pairs.root));
    scene.publish({ ...second, pairs, version: 3 });
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
  });

  test('do not come back as old ones when the cache is deleted', async () => {
    const { pairs, root } = rotated();
    scene.files.set('metadata/2.root.json', root);
    scene.publish({ ...second, pairs });
    await scene.refresh();
    await rm(`${scene.options.folder}/metadata`, { recursive: true });
    scene.files.delete('metadata/2.root.json');
    scene.publish({ ...second, version: 9 });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'rolled_back' });
  });

  test('that arrive without the rest leave the old set readable', async () => {
    await scene.refresh();
    scene.files.set('metadata/2.root.json', rotated().root);
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked' });
    expect(await releases()).toEqual(['1.1.0']);
  });
});

describe('a clock', () => {
  const in1970 = { clock: clockAt('1970-01-01T00:00:00Z') };

  test('in 1970 is no obstacle', async () => {
    expect(await scene.refresh(in1970)).toMatchObject({ kind: 'changed' });
  });

  test('in 1970 does not bring back what had expired when the agent was built', async () => {
    scene.publish({ version: 2, signed_at: '2025-12-01T00:00:00Z', expires: { timestamp: '2025-12-31T00:00:00Z' } });
    expect(await scene.refresh(in1970)).toMatchObject({ kind: 'blocked', reason: 'expired' });
  });

  test('in 1970 does not bring back what had expired when the last trusted timestamp was signed', async () => {
    await scene.refresh(in1970);
    scene.publish({ version: 2, signed_at: '2026-05-01T00:00:00Z', expires: { timestamp: '2026-05-31T00:00:00Z' } });
    expect(await scene.refresh(in1970)).toMatchObject({ kind: 'blocked', reason: 'expired' });
  });

  test('in 1970 does not accept what has expired by the timestamp that names it', async () => {
    scene.publish({ version: 2, expires: { stable: '2026-05-31T00:00:00Z' } });
    expect(await scene.refresh(in1970)).toMatchObject({ kind: 'blocked', reason: 'expired' });
  });

  test('in 2038 makes everything look expired, and the line names the date', async () => {
    await scene.refresh();
    const refreshed = await scene.refresh({ clock: clockAt('2038-01-19T03:14:08Z') });
    expect(refreshed).toMatchObject({
      kind: 'blocked',
      reason: 'expired',
      detail: expect.stringContaining('2038-01-19'),
    });
    expect(await scene.refresh()).toMatchObject({ kind: 'current' });
  });

  test('is not set by a timestamp that says it was signed after its own expiry', async () => {
    scene.publish({ ...second, signed_at: '2090-01-01T00:00:00Z' });
    expect(await scene.refresh()).toMatchObject({ kind: 'blocked', reason: 'malformed' });
    scene.publish({ ...second, version: 3 });
    expect(await scene.refresh()).toMatchObject({ kind: 'changed' });
  });
});
