import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openScene, type Scene } from './testing/scene.ts';
import { makeSigner, type Scheme, type Signer } from './testing/signer.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

const ten = Array.from({ length: 10 }, () => makeSigner());

/** What a version of a role says: whose keys count, how many are needed, and who has signed. */
type Terms = readonly [keys: readonly number[], threshold: number, signers: readonly number[]];

function give(role: string, [keys, threshold, signers]: Terms): void {
  const { root, signers: signing } = scene.repository;
  const chosen = (numbers: readonly number[]) => ten.filter((_, number) => numbers.includes(number));
  root.roles[role] = { keyids: chosen(keys).map(({ keyid }) => keyid), threshold };
  root.keys = Object.fromEntries([
    ...Object.entries(root.keys),
    ...chosen(keys).map(({ keyid, key }) => [keyid, key] as const),
  ]);
  signing.set(role, chosen(signers));
}

const five = [0, 1, 2, 3, 4];

describe('a row of roots', () => {
  const rows: readonly (readonly [name: string, accepted: boolean, rows: readonly Terms[]])[] = [
    [
      'another key, signed by old and new',
      true,
      [
        [[1], 1, [1]],
        [[2], 1, [1, 2]],
        [[2], 1, [2]],
      ],
    ],
    [
      'signatures of strangers beside',
      true,
      [
        [[1], 1, [1, 3, 4]],
        [[2], 1, [1, 2, 3, 4]],
        [[2], 1, [2, 3, 4]],
      ],
    ],
    [
      'any three of five',
      true,
      [
        [five, 3, [0, 2, 4]],
        [five, 3, [0, 1, 4]],
        [five, 3, [2, 3, 4]],
      ],
    ],
    [
      'one of five replaced',
      true,
      [
        [five, 3, [0, 2, 4]],
        [[0, 1, 3, 4, 5], 3, [0, 1, 4]],
      ],
    ],
    [
      'all of five replaced',
      true,
      [
        [five, 3, [0, 2, 4]],
        [[5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]],
        [[5, 6, 7, 8, 9], 3, [5, 6, 7]],
      ],
    ],
    [
      'a higher threshold',
      true,
      [
        [[1, 2, 3], 1, [1]],
        [[1, 2, 3], 2, [1, 2]],
      ],
    ],
    [
      'a lower threshold, signed by the old one',
      true,
      [
        [[1, 2, 3], 2, [1, 2]],
        [[1, 2, 3], 1, [1, 2]],
        [[1, 2, 3], 1, [1]],
      ],
    ],
    [
      'not signed by the old key',
      false,
      [
        [[1], 1, [1]],
        [[2], 1, [2, 3, 4]],
      ],
    ],
    [
      'not signed by the new key',
      false,
      [
        [[1], 1, [1]],
        [[2], 1, [1, 3, 4]],
      ],
    ],
    [
      'too few of the new five',
      false,
      [
        [five, 3, [0, 2, 4]],
        [[0, 1, 3, 4, 5], 3, [0, 2, 4]],
      ],
    ],
    [
      'too few of the old five',
      false,
      [
        [five, 3, [0, 2, 4]],
        [[0, 1, 3, 4, 5], 3, [0, 4, 5]],
      ],
    ],
    [
      'a higher threshold that is not met',
      false,
      [
        [[1, 2, 3], 1, [1]],
        [[1, 2, 3], 2, [2]],
      ],
    ],
    [
      'a lower threshold, signed as the new one says alone',
      false,
      [
        [[1, 2, 3], 2, [1, 2]],
        [[1, 2, 3], 1, [1]],
      ],
    ],
  ];

  test.each(rows)('with %s: accepted is %s', async (_, accepted, row) => {
    const { repository } = scene;
    repository.root.version = 0;
    for (const terms of row) {
      give('root', terms);
      repository.publish('root');
    }
    await scene.plant('root.json', '/metadata/1.root.json');
    expect(await scene.refresh()).toBe(accepted ? 0 : 1);
    expect((await scene.trusted())[0]).toBe(`root ${accepted ? row.length : row.length - 1}`);
  });
});

describe.each(['timestamp', 'snapshot', 'targets'] as const)('%s', (role) => {
  const cases: readonly (readonly [name: string, accepted: boolean, terms: Terms])[] = [
    ['a new key that signs', true, [[2], 1, [2]]],
    ['its key among strangers', true, [[1], 1, [1, 3, 4]]],
    ['strangers alone', false, [[2], 1, [1, 3, 4]]],
    ['three of five', true, [five, 3, [1, 2, 3]]],
    ['two of five and a stranger', false, [[0, 1, 3, 4, 5], 3, [0, 2, 4]]],
    ['two of five', false, [five, 3, [0, 4]]],
    ['nobody', false, [[1], 1, []]],
  ];

  test.each(cases)('signed by %s: accepted is %s', async (_, accepted, terms) => {
    give(role, terms);
    scene.repository.publish('root', 'targets', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(accepted ? 0 : 1);
    const kept = (await scene.trusted()).includes(`${role} 2`);
    expect(kept).toBe(accepted);
  });

  test('signed by another role’s key is refused', async () => {
    const other = role === 'snapshot' ? 'timestamp' : 'snapshot';
    scene.repository.signers.set(role, scene.repository.signers.get(other) ?? []);
    scene.repository.publish('targets', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
  });

  test('of a client that knew it already is refused when it is not signed by its new keys', async () => {
    await scene.refresh();
    const { repository } = scene;
    const old = repository.signers.get(role) ?? [];
    repository.rotate(role);
    repository.signers.set(role, old);
    repository.publish('root', 'targets', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toContain(`${role} 1`);
  });

  test('whose content was changed after it was signed is refused', async () => {
    const path = role === 'timestamp' ? '/metadata/timestamp.json' : `/metadata/1.${role}.json`;
    const text = Buffer.from(scene.repository.files.get(path) ?? []).toString();
    scene.repository.files.set(path, Buffer.from(text.replace('"expires":"20', '"expires":"21')));
    expect(await scene.refresh()).toBe(1);
  });
});

describe('a threshold', () => {
  const needTwo = (keyids: string[], signers: readonly Signer[]) => {
    const { repository } = scene;
    for (const { keyid, key } of signers) repository.root.keys[keyid] = key;
    repository.root.roles['snapshot'] = { keyids, threshold: 2 };
    repository.signers.set('snapshot', [...signers]);
    repository.publish('root', 'snapshot', 'timestamp');
  };
  const [one = makeSigner(), two = makeSigner()] = ten;

  test('is not met by one key that signs twice', async () => {
    needTwo([one.keyid, two.keyid], [one, one]);
    expect(await scene.refresh()).toBe(1);
  });

  test('is not met by one key that is listed twice', async () => {
    needTwo([one.keyid, one.keyid], [one]);
    expect(await scene.refresh()).toBe(1);
  });

  test('is not met by a key that the role names and root does not hold', async () => {
    const { repository } = scene;
    repository.root.keys[one.keyid] = one.key;
    repository.root.roles['snapshot'] = { keyids: [one.keyid, two.keyid], threshold: 2 };
    repository.signers.set('snapshot', [one, two]);
    repository.publish('root', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
  });

  test('of more than there are keys is never met', async () => {
    needTwo([one.keyid], [one, two]);
    expect(await scene.refresh()).toBe(1);
  });
});

describe('signatures', () => {
  /** Of the newest timestamp, as the client will get it. */
  const change = (edit: (signatures: { keyid: string; sig: string }[]) => unknown) => {
    const { files } = scene.repository;
    const metadata = JSON.parse(Buffer.from(files.get('/metadata/timestamp.json') ?? []).toString());
    edit(metadata.signatures);
    files.set('/metadata/timestamp.json', Buffer.from(JSON.stringify(metadata)));
  };

  test('with one key id twice are refused', async () => {
    change((signatures) => signatures.push(...signatures.slice(0, 1)));
    expect(await scene.refresh()).toBe(1);
    expect(await scene.trusted()).toEqual(['root 1']);
  });

  test.each(['00'.repeat(64), ''])('of which enough are right are enough, when another one is "%s"', async (sig) => {
    const { repository } = scene;
    const other = makeSigner();
    repository.root.keys[other.keyid] = other.key;
    repository.root.roles['timestamp']?.keyids.push(other.keyid);
    repository.publish('root');
    change((signatures) => signatures.push({ keyid: other.keyid, sig }));
    expect(await scene.refresh()).toBe(0);
  });
});

describe('a key', () => {
  test.each<Scheme>(['ed25519', 'ecdsa-sha2-nistp256', 'rsassa-pss-sha256'])(
    'of the scheme %s is good',
    async (scheme) => {
      const { repository } = scene;
      const signer = makeSigner(scheme);
      repository.root.keys[signer.keyid] = signer.key;
      for (const role of ['timestamp', 'snapshot', 'targets']) {
        repository.root.roles[role] = { keyids: [signer.keyid], threshold: 1 };
        repository.signers.set(role, [signer]);
      }
      repository.publish('root', 'targets', 'snapshot', 'timestamp');
      expect(await scene.refresh()).toBe(0);
    },
  );

  test('of a kind that nobody knows does no harm beside one that signs', async () => {
    const { repository } = scene;
    repository.root.keys['unknown'] = { keytype: 'quantum', scheme: 'quantum-1', keyval: { public: 'abc' } };
    repository.root.roles['snapshot']?.keyids.push('unknown');
    repository.publish('root', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(0);
  });

  test('of a kind that nobody knows signs nothing', async () => {
    const { repository } = scene;
    repository.root.keys['unknown'] = { keytype: 'quantum', scheme: 'quantum-1', keyval: { public: 'abc' } };
    repository.root.roles['snapshot'] = { keyids: ['unknown'], threshold: 1 };
    repository.publish('root', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(1);
  });

  test('may have any text as its id, and fields that nobody knows', async () => {
    const { repository } = scene;
    const signer = { ...makeSigner(), keyid: 'the key of Monday' };
    repository.root.keys[signer.keyid] = { ...signer.key, keyid_hash_algorithms: ['md5'] };
    repository.root.roles['snapshot'] = { keyids: [signer.keyid], threshold: 1 };
    repository.signers.set('snapshot', [signer]);
    repository.publish('root', 'snapshot', 'timestamp');
    expect(await scene.refresh()).toBe(0);
  });
});
