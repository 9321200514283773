import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digest } from './testing/repository.ts';
import { openScene, type Scene } from './testing/scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

function publish(path: string, content: string): void {
  scene.repository.addArtifact('targets', path, content);
  scene.repository.publish('targets', 'snapshot', 'timestamp');
}

/** What is served in place of an artifact, under every name that it has. */
function replace(path: string, content: string): void {
  for (const served of scene.repository.files.keys()) {
    if (served.startsWith('/targets/') && served.endsWith(path))
      scene.repository.files.set(served, Buffer.from(content));
  }
}

test.each(['file.txt', 'path/to/file.txt', 'a name with spaces/ä?#%.txt', '.hidden'])(
  '%s is downloaded',
  async (path) => {
    publish(path, 'content');
    expect(await scene.refresh()).toBe(0);
    expect(await scene.artifacts()).toEqual([]);
    expect(await scene.download(path)).toBe(0);
    expect(await scene.artifacts()).toEqual(['content']);
  },
);

test('a download refreshes first, also when what is wanted is not there', async () => {
  expect(await scene.download('nothing')).toBe(1);
  expect(await scene.trusted()).toEqual(['root 1', 'snapshot 1', 'targets 1', 'timestamp 1']);
});

test('an artifact is asked for under its own name where the repository is not consistent', async () => {
  scene.repository.root.consistent_snapshot = false;
  scene.repository.publish('root');
  publish('dir/file.txt', 'content');
  expect(await scene.download('dir/file.txt')).toBe(0);
  expect(scene.requests.at(-1)).toBe('/targets/dir/file.txt');
});

test('an artifact that is there already is not asked for again', async () => {
  publish('file.txt', 'content');
  await scene.download('file.txt');
  scene.requests.splice(0);
  expect(await scene.download('file.txt')).toBe(0);
  expect(scene.requests.filter((path) => path.startsWith('/targets/'))).toEqual([]);
});

test.each([
  ['other content of the same length', 'CONTENT'],
  ['more', 'content and more'],
  ['less', 'con'],
  ['nothing', ''],
])('an artifact with %s is refused, and the one that was there stays', async (_, content) => {
  publish('file.txt', 'before.');
  expect(await scene.download('file.txt')).toBe(0);
  publish('file.txt', 'content');
  replace('file.txt', content);
  expect(await scene.download('file.txt')).toBe(1);
  expect(await scene.artifacts()).toEqual(['before.']);
});

test('an artifact that changes is downloaded again, in place of the old one', async () => {
  for (const content of ['one', 'two', 'three']) {
    publish('file.txt', content);
    publish('other.txt', 'other');
    expect(await scene.download('file.txt')).toBe(0);
    expect(await scene.artifacts()).toEqual([content]);
  }
});

test('a target that leads out of the folder is kept inside it', async () => {
  publish('../../escaped', 'content');
  // Where the URL leads.
  scene.repository.files.set(`/${digest('content')}.escaped`, Buffer.from('content'));
  expect(await scene.download('../../escaped')).toBe(0);
  expect(await scene.artifacts()).toEqual(['content']);
});

describe('a target that is listed', () => {
  const listedWith = (...algorithms: readonly string[]) => {
    const { repository } = scene;
    const hashes = algorithms.map(
      (name) => [name, createHash(name.slice(0, 6)).update('content').digest('hex')] as const,
    );
    repository.targets.targets['file.txt'] = { length: 7, hashes: Object.fromEntries(hashes) };
    for (const [, hash] of hashes) repository.files.set(`/targets/${hash}.file.txt`, Buffer.from('content'));
    repository.publish('targets', 'snapshot', 'timestamp');
  };

  test.each([[['sha256']], [['sha512']], [['sha512', 'sha256']]])(
    'with the digests %j is downloaded',
    async (algorithms) => {
      listedWith(...algorithms);
      expect(await scene.download('file.txt')).toBe(0);
      replace('file.txt', 'CONTENT');
      expect(await scene.artifacts()).toEqual(['content']);
    },
  );

  test('with SHA-512 alone is refused when it is something else', async () => {
    listedWith('sha512');
    replace('file.txt', 'CONTENT');
    expect(await scene.download('file.txt')).toBe(1);
  });

  test('with a digest of an unknown kind is refused', async () => {
    listedWith('sha512-of-mine');
    expect(await scene.download('file.txt')).toBe(1);
    expect(await scene.artifacts()).toEqual([]);
  });
});
