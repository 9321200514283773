import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openScene, type Scene } from './testing/scene.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

describe.each([false, true])('with lengths and digests in the metadata: %s', (hashes) => {
  beforeEach(() => {
    scene.repository.hashes = hashes;
    scene.repository.publish('targets', 'snapshot', 'timestamp');
  });

  test('an older timestamp is refused', async () => {
    await scene.refresh();
    scene.repository.timestamp.version = 1;
    scene.repository.publishAgain('timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(scene.requests.at(-1)).toBe('/metadata/timestamp.json');
    expect(await scene.trusted()).toContain('timestamp 2');
  });

  test('a timestamp of the same version changes nothing, whatever it says', async () => {
    await scene.refresh();
    scene.repository.timestamp.meta = { 'snapshot.json': { version: 100 } };
    scene.repository.publishAgain('timestamp');
    expect(await scene.refresh()).toBe(0);
    expect(await scene.trusted()).toContain('snapshot 2');
  });

  test('a newer timestamp with an older snapshot is refused', async () => {
    await scene.refresh();
    scene.repository.snapshot.version = 1;
    scene.repository.publishAgain('snapshot');
    scene.repository.publish('timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 2', 'timestamp 2']);
  });

  test('an older snapshot is not even asked for when the timestamp names the trusted one', async () => {
    await scene.refresh();
    scene.repository.snapshot.version = 1;
    scene.repository.publishAgain('snapshot');
    scene.requests.splice(0);
    expect(await scene.refresh()).toBe(0);
    expect(scene.requests.at(-1)).toBe('/metadata/timestamp.json');
  });

  test('a newer snapshot with older targets is refused', async () => {
    await scene.refresh();
    scene.repository.targets.version = 1;
    scene.repository.publishAgain('targets');
    scene.repository.publish('snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 2', 'timestamp 3']);
  });

  test('a newer snapshot with an older delegated role is refused', async () => {
    const { repository } = scene;
    repository.delegate('targets', { name: 'A' });
    repository.publish('A', 'A', 'targets', 'snapshot', 'timestamp');
    expect(await scene.download('nothing')).toBe(1);
    (repository.delegated.get('A') ?? repository.targets).version = 1;
    repository.publishAgain('A');
    repository.publish('snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toContain('snapshot 3');
  });

  test('a newer snapshot that has lost a role is refused', async () => {
    const { repository } = scene;
    repository.delegate('targets', { name: 'A' });
    repository.publish('A', 'targets', 'snapshot', 'timestamp');
    await scene.refresh();
    delete repository.snapshot.meta['A.json'];
    repository.publish('snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toContain('snapshot 3');
  });

  test('the old snapshot still says what must not come back after a newer one could not be had', async () => {
    const { repository } = scene;
    repository.publish('targets', 'snapshot', 'timestamp');
    await scene.refresh();
    repository.publish('snapshot', 'timestamp');
    repository.files.delete('/metadata/4.snapshot.json');
    expect(await scene.refresh()).toBe(1);
    repository.targets.version = 1;
    repository.publishAgain('targets');
    repository.publish('snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toContain('snapshot 3');
  });

  test('a snapshot of another version than the timestamp says is refused', async () => {
    const { repository } = scene;
    await scene.refresh();
    repository.publish('snapshot', 'timestamp');
    repository.snapshot.version = 9;
    repository.publishAgain('snapshot');
    repository.files.set(
      '/metadata/3.snapshot.json',
      repository.files.get('/metadata/9.snapshot.json') ?? new Uint8Array(),
    );
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 2', 'timestamp 3']);
  });

  test('targets of another version than the snapshot says are refused', async () => {
    const { repository } = scene;
    await scene.refresh();
    repository.publish('targets', 'snapshot', 'timestamp');
    repository.targets.version = 9;
    repository.publishAgain('targets');
    repository.files.set(
      '/metadata/3.targets.json',
      repository.files.get('/metadata/9.targets.json') ?? new Uint8Array(),
    );
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(['root 1', 'snapshot 3', 'targets 2', 'timestamp 3']);
  });

  test.each([1, 3])('a root that says version %i where 2 is looked for is refused', async (version) => {
    const { root, files } = scene.repository;
    root.version = version;
    scene.repository.publishAgain('root');
    files.set('/metadata/2.root.json', files.get(`/metadata/${version}.root.json`) ?? new Uint8Array());
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(['root 1']);
  });
});

describe('files of different days', () => {
  test.each(['snapshot', 'targets'] as const)('%s are refused by their digest', async (role) => {
    const { repository } = scene;
    repository.hashes = true;
    repository.publish('targets', 'snapshot', 'timestamp');
    // Signed as it should be, of the right version, and not the one that was meant.
    repository[role].expires = '2099-01-01T00:00:00Z';
    repository.publishAgain(role);
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).not.toContain(`${role} 2`);
  });

  test.each(['snapshot', 'targets'] as const)('%s are refused by their length', async (role) => {
    const { repository } = scene;
    repository.hashes = true;
    repository.publish('targets', 'snapshot', 'timestamp');
    const path = `/metadata/2.${role}.json`;
    repository.files.set(path, Buffer.concat([repository.files.get(path) ?? new Uint8Array(), Buffer.from('\n')]));
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).not.toContain(`${role} 2`);
  });
});

describe('a client that was led to far-off versions', () => {
  const far = 2 ** 31;

  test('of timestamp is freed by new keys of timestamp', async () => {
    const { repository } = scene;
    repository.timestamp.version = far;
    repository.publish('timestamp');
    await scene.refresh();
    repository.timestamp.version = 1;
    repository.publish('timestamp');
    expect(await scene.refresh()).toBe(1);
    repository.rotate('timestamp');
    repository.publish('root');
    repository.publishAgain('timestamp');
    expect(await scene.refresh()).toBe(0);
    expect(await scene.trusted()).toContain('timestamp 2');
  });

  test.each([[['snapshot']], [['snapshot', 'timestamp']]])('of snapshot is freed by new keys of %j', async (roles) => {
    const { repository } = scene;
    repository.snapshot.version = far;
    repository.publish('snapshot', 'timestamp');
    await scene.refresh();
    repository.snapshot.version = 1;
    repository.publish('snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    for (const role of roles) repository.rotate(role);
    repository.publish('root', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(0);
    expect(await scene.trusted()).toContain('snapshot 3');
  });

  test('of targets is freed by new keys of snapshot', async () => {
    const { repository } = scene;
    repository.targets.version = far;
    repository.publish('targets', 'snapshot', 'timestamp');
    await scene.refresh();
    repository.targets.version = 1;
    repository.publish('targets', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    repository.rotate('snapshot');
    repository.publish('root', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(0);
    expect(await scene.trusted()).toContain('targets 2');
  });
});
