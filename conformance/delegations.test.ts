import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Delegation, digest, inDays } from './testing/repository.ts';
import { openScene, type Scene } from './testing/scene.ts';
import { makeSigner } from './testing/signer.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

type Edge = readonly [delegator: string, name: string, rest?: Partial<Delegation>];

function grow(edges: readonly Edge[]): void {
  for (const [delegator, name, rest] of edges) scene.repository.delegate(delegator, { name, ...rest });
  publishAll();
}

function publishAll(): void {
  scene.repository.publish(...scene.repository.delegated.keys(), 'targets', 'snapshot', 'timestamp');
}

/** Roles that were asked for beyond the top-level ones, in order. */
function visited(): readonly string[] {
  return scene.requests.flatMap((path) => /^\/metadata\/\d+\.(.+)\.json$/.exec(path)?.[1] ?? []).slice(3);
}

const terminating = { terminating: true };
const onlyPy = { paths: ['*.py'] };

describe('the search for a target', () => {
  const trees: readonly (readonly [name: string, edges: readonly Edge[], order: string])[] = [
    ['one role', [['targets', 'A']], 'A'],
    [
      'two roles',
      [
        ['targets', 'A'],
        ['targets', 'B'],
      ],
      'A B',
    ],
    [
      'a role of the second',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['B', 'C'],
      ],
      'A B C',
    ],
    [
      'depth before breadth',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C'],
        ['A', 'D'],
      ],
      'A C D B',
    ],
    [
      'three levels',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C'],
        ['C', 'D'],
      ],
      'A C D B',
    ],
    [
      'a terminating role',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C', terminating],
        ['A', 'D'],
      ],
      'A C',
    ],
    [
      'below a terminating role',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C', terminating],
        ['C', 'D'],
      ],
      'A C D',
    ],
    [
      'other paths',
      [
        ['targets', 'A', onlyPy],
        ['targets', 'B'],
        ['A', 'C'],
      ],
      'B',
    ],
    [
      'other paths below',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['A', 'C', onlyPy],
        ['C', 'D'],
      ],
      'A B',
    ],
    [
      'a terminating role of other paths',
      [
        ['targets', 'A', { ...onlyPy, ...terminating }],
        ['targets', 'B'],
      ],
      'B',
    ],
    [
      'a circle',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['B', 'C'],
        ['C', 'D'],
        ['D', 'B'],
      ],
      'A B C D',
    ],
    [
      'a role of two',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['B', 'C'],
        ['A', 'C'],
      ],
      'A C B',
    ],
    [
      'a role of two, by other paths',
      [
        ['targets', 'A'],
        ['targets', 'B'],
        ['B', 'C'],
        ['A', 'C', onlyPy],
      ],
      'A B C',
    ],
  ];

  test.each(trees)('looks, with %s, at each role once and in order', async (_, edges, order) => {
    grow(edges);
    expect(await scene.download('missing')).toBe(1);
    expect(visited().join(' ')).toBe(order);
  });

  test('ends after 32 roles, however many there are', async () => {
    grow(Array.from({ length: 40 }, (_, number) => ['targets', `role-${number}`] as const));
    expect(await scene.download('missing')).toBe(1);
    expect(visited()).toHaveLength(31);
  });

  const tree: readonly Edge[] = [
    ['targets', 'A', { paths: ['*.doc', '*.md'] }],
    ['targets', 'B', { paths: ['releases/*/*'] }],
    ['B', 'C', { paths: ['releases/x/*'] }],
    ['B', 'D', { paths: ['releases/y/*.zip'] }],
  ];
  test.each([
    ['targets', 'file', 0, ''],
    ['A', 'README.md', 0, 'A'],
    ['C', 'releases/x/v1', 0, 'B C'],
    ['D', 'releases/y/v1.zip', 0, 'B D'],
    ['D', 'releases/z/v1.zip', 1, 'B'],
    ['A', 'deep/README.md', 1, ''],
  ])('asks only those who may vouch: %s lists %s', async (role, path, code, order) => {
    grow(tree);
    scene.repository.addArtifact(role, path, `of ${role}`);
    publishAll();
    expect(await scene.download(path)).toBe(code);
    expect(visited().join(' ')).toBe(order);
    expect(await scene.artifacts()).toEqual(code === 0 ? [`of ${role}`] : []);
  });

  test('believes the first of two roles that list the same path', async () => {
    grow([
      ['targets', 'A'],
      ['targets', 'B'],
    ]);
    scene.repository.addArtifact('A', 'file', 'of A');
    scene.repository.addArtifact('B', 'file', 'of B');
    publishAll();
    expect(await scene.download('file')).toBe(0);
    expect(await scene.artifacts()).toEqual(['of A']);
  });

  test('goes by the digest of the path where a delegation says so', async () => {
    const prefix = digest('file').slice(0, 2);
    const other = prefix === '00' ? '01' : '00';
    grow([
      ['targets', 'A', { path_hash_prefixes: [other] }],
      ['targets', 'B', { path_hash_prefixes: [other, prefix] }],
    ]);
    scene.repository.addArtifact('B', 'file', 'of B');
    publishAll();
    expect(await scene.download('file')).toBe(0);
    expect(visited()).toEqual(['B']);
  });

  test('goes to the one bin of many', async () => {
    const { repository } = scene;
    const bin = `bin-${(Number.parseInt(digest('file').slice(0, 2), 16) >> 5).toString(16)}`;
    repository.delegate('targets', { name: bin });
    const [signer = makeSigner()] = repository.signers.get(bin) ?? [];
    repository.targets.delegations = {
      keys: { [signer.keyid]: signer.key },
      succinct_roles: { keyids: [signer.keyid], threshold: 1, bit_length: 3, name_prefix: 'bin' },
    };
    repository.addArtifact(bin, 'file', 'of the bin');
    publishAll();
    expect(await scene.download('file')).toBe(0);
    expect(visited()).toEqual([bin]);
  });

  test.each(['constructor', '__proto__', 'toString'])('does not take %s for a target', async (path) => {
    expect(await scene.download(path)).toBe(1);
    expect(await scene.artifacts()).toEqual([]);
  });
});

describe('a delegated role', () => {
  beforeEach(() => {
    grow([['targets', 'A']]);
    scene.repository.addArtifact('A', 'file', 'of A');
  });
  const kept = async () => (await scene.trusted()).filter((line) => line.startsWith('A '));

  test('that is not signed by its key is refused', async () => {
    scene.repository.signers.set('A', [makeSigner()]);
    publishAll();
    expect([await scene.download('file'), await kept(), await scene.artifacts()]).toEqual([1, [], []]);
  });

  test('that is signed by too few is refused', async () => {
    scene.repository.delegate('targets', { name: 'A' });
    const [both] = scene.repository.targets.delegations?.roles ?? [];
    scene.repository.targets.delegations?.roles?.splice(1);
    if (both) both.threshold = 2;
    publishAll();
    expect([await scene.download('file'), await kept()]).toEqual([1, []]);
  });

  test('that has expired is refused', async () => {
    (scene.repository.delegated.get('A') ?? scene.repository.targets).expires = inDays(-1);
    publishAll();
    expect(await scene.refresh()).toBe(0);
    expect([await scene.download('file'), await kept(), await scene.artifacts()]).toEqual([1, [], []]);
  });

  test('that has expired on the device is refused until there is a newer one', async () => {
    const { repository } = scene;
    const body = repository.delegated.get('A') ?? repository.targets;
    body.expires = inDays(7);
    repository.addArtifact('A', 'second', 'second of A');
    publishAll();
    expect(await scene.download('file')).toBe(0);
    expect([await scene.download('second', 18), await scene.artifacts()]).toEqual([1, ['of A']]);
    body.expires = inDays(21);
    publishAll();
    expect([await scene.download('second', 18), await scene.artifacts()]).toEqual([0, ['of A', 'second of A']]);
  });

  test('that the snapshot does not list is refused', async () => {
    publishAll();
    delete scene.repository.snapshot.meta['A.json'];
    scene.repository.publish('snapshot', 'timestamp');
    expect([await scene.download('file'), await kept()]).toEqual([1, []]);
  });

  test.each(['root', 'timestamp', 'snapshot', 'targets'])(
    'called %s does not stand for the one above',
    async (name) => {
      scene.repository.targets.delegations?.roles?.push({
        name,
        keyids: [],
        threshold: 0,
        terminating: false,
        paths: ['*'],
      });
      publishAll();
      expect(await scene.download('file')).toBe(1);
      expect(await scene.trusted()).not.toContain('targets 3');
    },
  );

  test.each(['?', '#', '/delegated', '../delegated', '..', 'a b', '%2e%2e', 'ä', 'X'.repeat(200)])(
    'called %s is asked for and kept by its quoted name',
    async (name) => {
      const { repository } = scene;
      repository.delegate('targets', { name });
      publishAll();
      expect(await scene.download('missing')).toBe(1);
      expect(scene.requests).toContain(`/metadata/1.${encodeURIComponent(name)}.json`);
      expect(await scene.trusted()).toContain(`${encodeURIComponent(name)} 1`);
    },
  );

  test('called by half a character is refused', async () => {
    scene.repository.targets.delegations?.roles?.push({
      name: '\ud800',
      keyids: [],
      threshold: 1,
      terminating: false,
      paths: ['*'],
    });
    scene.repository.snapshot.meta['\ud800.json'] = { version: 1 };
    publishAll();
    expect(await scene.download('missing')).toBe(1);
  });
});
