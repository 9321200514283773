import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inDays } from './testing/repository.ts';
import { openScene, type Scene } from './testing/scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

const first = ['root 1', 'snapshot 1', 'targets 1', 'timestamp 1'];

/** What a new client has kept when a role is refused: all that comes before it. */
const before: { readonly [role: string]: readonly string[] } = {
  root: ['root 1'],
  timestamp: ['root 1'],
  snapshot: ['root 1', 'timestamp 1'],
  targets: ['root 1', 'snapshot 1', 'timestamp 1'],
};

describe('init', () => {
  const initWith = async (root: string) => {
    const folder = join(scene.metadata_folder, 'other');
    await mkdir(folder);
    await writeFile(join(folder, 'given.json'), root);
    const code = await scene.run(['--metadata-dir', join(folder, 'metadata'), 'init', join(folder, 'given.json')]);
    return { code, kept: await readdir(join(folder, 'metadata')).catch(() => []) };
  };

  test('keeps the root that it is given, and asks nobody', async () => {
    const root = Buffer.from(scene.repository.files.get('/metadata/1.root.json') ?? []).toString();
    expect(await initWith(root)).toEqual({ code: 0, kept: ['root.json'] });
    expect(scene.requests).toEqual([]);
  });

  test.each([
    ['is no metadata', '<!doctype html>'],
    ['has no version', JSON.stringify({ signatures: [], signed: { _type: 'root' } })],
  ])('refuses a root that %s', async (_, root) => {
    expect(await initWith(root)).toEqual({ code: 1, kept: [] });
  });
});

describe('the command line', () => {
  test.each([
    [[]],
    [['refresh']],
    [['--metadata-dir', 'm', 'dance']],
    [['--metadata-dir', 'm', 'init', 'no-such-file']],
  ])('that says %j ends with exit code 1', async (args) => {
    expect(await scene.run(args)).toBe(1);
  });
});

describe('refresh', () => {
  test('asks for what it lacks, in order, and keeps it byte for byte', async () => {
    expect(await scene.refresh()).toBe(0);
    expect(scene.requests).toEqual([
      '/metadata/2.root.json',
      '/metadata/timestamp.json',
      '/metadata/1.snapshot.json',
      '/metadata/1.targets.json',
    ]);
    expect(await scene.trusted()).toEqual(first);
    for (const role of ['timestamp', 'snapshot', 'targets']) {
      const kept = await readFile(join(scene.metadata_folder, `${role}.json`));
      expect(kept.equals(Buffer.from(scene.repository.files.get(`/metadata/${role}.json`) ?? []))).toBe(true);
    }
  });

  test('that finds nothing new asks for two files', async () => {
    await scene.refresh();
    scene.requests.splice(0);
    expect(await scene.refresh()).toBe(0);
    expect(scene.requests).toEqual(['/metadata/2.root.json', '/metadata/timestamp.json']);
  });

  test('reads a repository whose files are not named for their versions', async () => {
    scene.repository.root.consistent_snapshot = false;
    scene.repository.publish('root');
    expect(await scene.refresh()).toBe(0);
    expect(scene.requests.slice(-3)).toEqual([
      '/metadata/timestamp.json',
      '/metadata/snapshot.json',
      '/metadata/targets.json',
    ]);
  });

  test('asks nobody when its own root is not signed as it says', async () => {
    const { signed } = JSON.parse(await readFile(join(scene.metadata_folder, 'root.json'), 'utf8'));
    const signatures = [{ keyid: signed.roles.root.keyids[0], sig: 'ab'.repeat(64) }];
    await writeFile(join(scene.metadata_folder, 'root.json'), JSON.stringify({ signatures, signed }));
    expect(await scene.refresh()).toBe(1);
    expect(scene.requests).toEqual([]);
  });

  test('fetches a file again that is torn on its own disk', async () => {
    await scene.refresh();
    for (const role of ['timestamp', 'snapshot', 'targets']) {
      await writeFile(join(scene.metadata_folder, `${role}.json`), '{"signatures":[');
      expect(await scene.refresh()).toBe(0);
      expect(await scene.trusted()).toEqual(first);
    }
  });

  test('keeps fields that it does not know in what it verifies', async () => {
    const { repository } = scene;
    const [keyid = ''] = repository.root.roles['root']?.keyids ?? [];
    Object.assign(repository.root, { custom: 'value' });
    Object.assign(repository.root.keys[keyid] ?? {}, { extra: { a: 1, b: [2] } });
    Object.assign(repository.root.roles['root'] ?? {}, { another: 'value' });
    Object.assign(repository.timestamp, { signed_by: 'somebody' });
    repository.publish('root', 'timestamp');
    expect(await scene.refresh()).toBe(0);
    expect(await scene.trusted()).toContain('root 2');
  });

  test('follows more new roots than one at a time', async () => {
    for (let version = 2; version <= 40; version += 1) scene.repository.publish('root');
    expect(await scene.refresh()).toBe(0);
    expect(await scene.trusted()).toContain('root 40');
  });

  test('follows 256 new roots in one run and no more, so that no repository can keep it busy for ever', async () => {
    for (let version = 2; version <= 300; version += 1) scene.repository.publish('root');
    expect(await scene.refresh()).toBe(0);
    expect(await scene.trusted()).toContain('root 257');
  });

  test.each([
    ['root', '/metadata/2.root.json', 512_001],
    ['timestamp', '/metadata/timestamp.json', 16_385],
    ['snapshot', '/metadata/1.snapshot.json', 2_000_001],
    ['targets', '/metadata/1.targets.json', 5_000_001],
  ])('reads no more of %s than such a file may have', async (role, path, length_bytes) => {
    const bytes = scene.repository.files.get(path) ?? new Uint8Array();
    scene.repository.files.set(path, Buffer.concat([bytes, Buffer.alloc(length_bytes - bytes.length, ' ')]));
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(before[role]);
  });

  test.each(['timestamp', 'snapshot', 'targets'])('refuses a %s that is missing', async (role) => {
    for (const name of [role, `1.${role}`]) scene.repository.files.delete(`/metadata/${name}.json`);
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(before[role]);
  });

  test('refuses a snapshot that does not list targets', async () => {
    scene.repository.snapshot.meta = {};
    scene.repository.publish('snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(['root 1', 'snapshot 2', 'timestamp 2']);
  });

  test.each(['root', 'timestamp', 'snapshot', 'targets'])(
    'refuses a %s that is metadata of another role',
    async (role) => {
      const path =
        role === 'root' ? '/metadata/2.root.json' : `/metadata/${role === 'timestamp' ? role : `1.${role}`}.json`;
      const other = role === 'targets' ? 'snapshot' : 'targets';
      scene.repository.files.set(path, scene.repository.files.get(`/metadata/${other}.json`) ?? new Uint8Array());
      expect(await scene.refresh()).toBe(1);
      expect(await scene.trusted()).toEqual(before[role]);
    },
  );
});

describe('expired', () => {
  test('root is kept, and nothing after it', async () => {
    await scene.refresh();
    scene.repository.root.expires = inDays(-1);
    scene.repository.publish('root', 'targets', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(['root 2', 'snapshot 1', 'targets 1', 'timestamp 1']);
  });

  test('root is followed to a newer one that has not expired', async () => {
    scene.repository.root.expires = inDays(-1);
    scene.repository.publish('root');
    scene.repository.root.expires = inDays(30);
    scene.repository.publish('root');
    expect(await scene.refresh()).toBe(0);
    expect(await scene.trusted()).toContain('root 3');
  });

  test.each([
    ['timestamp', first],
    ['snapshot', ['root 1', 'snapshot 1', 'targets 1', 'timestamp 2']],
    ['targets', ['root 1', 'snapshot 2', 'targets 1', 'timestamp 2']],
  ] as const)('%s is refused, and what was trusted before stays', async (role, kept) => {
    await scene.refresh();
    scene.repository[role].expires = inDays(-5);
    scene.repository.publish('targets', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(kept);
  });

  test('metadata on the device still leads to new metadata', async () => {
    const { repository } = scene;
    repository.timestamp.expires = inDays(7);
    repository.snapshot.expires = inDays(7);
    repository.publish('snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(0);
    repository.timestamp.expires = inDays(21);
    repository.snapshot.expires = inDays(21);
    repository.publish('targets', 'snapshot', 'timestamp');
    expect(await scene.refresh(18)).toBe(0);
    expect(await scene.trusted()).toEqual(['root 1', 'snapshot 3', 'targets 2', 'timestamp 3']);
  });

  test('metadata on the device still says what must not come back', async () => {
    const { repository } = scene;
    repository.timestamp.expires = inDays(7);
    repository.timestamp.version = 4;
    repository.publish('timestamp');
    expect(await scene.refresh()).toBe(0);
    repository.timestamp.version = 3;
    repository.timestamp.expires = inDays(21);
    repository.publishAgain('timestamp');
    expect(await scene.refresh(18)).toBe(1);
    expect(await scene.trusted()).toContain('timestamp 5');
  });

  test('metadata on the device is not enough when the repository is frozen', async () => {
    expect(await scene.refresh()).toBe(0);
    expect(await scene.refresh(31)).toBe(1);
  });
});

test('a refresh after its metadata was thrown away does not go behind what it had trusted', async () => {
  scene.repository.publish('targets', 'snapshot', 'timestamp');
  const old = new Map(scene.repository.files);
  scene.repository.publish('targets', 'snapshot', 'timestamp');
  await scene.refresh();
  for (const role of ['timestamp', 'snapshot', 'targets']) await rm(join(scene.metadata_folder, `${role}.json`));
  for (const [path, bytes] of old) scene.repository.files.set(path, bytes);
  expect(await scene.refresh()).toBe(1);
  expect(await scene.trusted()).toEqual(['root 1']);
});
