import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Sha256 } from './ports.ts';
import { comparePaths, modeOf, type TreeEntry, treeDigest } from './tree.ts';

const sha256: Sha256 = () => {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
};

const file = { kind: 'file', path: 'bin/app', executable: true, size_bytes: 3, sha256: 'ab' } as const;
const tree: readonly TreeEntry[] = [
  { kind: 'folder', path: 'bin' },
  file,
  { kind: 'symlink', path: 'app', target: 'bin/app' },
  { kind: 'file', path: 'readme', executable: false, size_bytes: 0, sha256: 'cd' },
];

describe('the digest of a tree', () => {
  test('is that of its lines, sorted by path', () => {
    const lines = ['symlink bin/app\0app', 'folder bin', 'file 755 3 ab bin/app', 'file 644 0 cd readme'];
    const expected = createHash('sha256').update(lines.map((line) => `${line}\0`).join(''));
    expect(treeDigest(tree, sha256)).toBe(expected.digest('hex'));
  });

  test('does not depend on the order of the entries, and leaves the list as it is', () => {
    const order = structuredClone(tree);
    expect(treeDigest(tree.toReversed(), sha256)).toBe(treeDigest(tree, sha256));
    expect(tree).toEqual(order);
  });

  test('sorts by bytes of UTF-8, not by UTF-16 units', () => {
    const names = ['\u{1F600}', '\uFF5E'];
    const lines = ['folder \uFF5E\0', 'folder \u{1F600}\0'].join('');
    const folders = names.map((path) => ({ kind: 'folder', path }) as const);
    expect(treeDigest(folders, sha256)).toBe(createHash('sha256').update(lines).digest('hex'));
  });

  test.each<TreeEntry>([
    { ...file, executable: false },
    { ...file, size_bytes: 4 },
    { ...file, sha256: 'ac' },
    { ...file, path: 'bin/app2' },
    { kind: 'symlink', path: file.path, target: 'x' },
    { kind: 'folder', path: file.path },
  ])('changes with all that an entry is (%#)', (changed) => {
    const others = tree.filter((entry) => entry !== file);
    expect(treeDigest([...others, changed], sha256)).not.toBe(treeDigest(tree, sha256));
  });
});

test('only the executable bit of a mode is part of a release', () => {
  expect(tree.map(modeOf)).toEqual([0o755, 0o755, 0o644, 0o644]);
});

test('paths compare as the bytes of their UTF-8 do', () => {
  const path = fc.string({ unit: 'binary', maxLength: 4 });
  fc.assert(
    fc.property(path, path, (a, b) => {
      expect(Math.sign(comparePaths(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});
