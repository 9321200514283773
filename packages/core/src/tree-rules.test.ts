import { describe, expect, test } from 'vitest';
import { comparePaths } from './tree.ts';
import { foldedPath, names_bytes_max, type TreePlace, treeRules } from './tree-rules.ts';

const file = (path: string): TreePlace => ({ kind: 'file', path });
const folder = (path: string): TreePlace => ({ kind: 'folder', path });
const link = (path: string, target: string): TreePlace => ({ kind: 'symlink', path, target });

/** Of the first entry that has one. */
function problemIn(entries: readonly TreePlace[], platform = 'linux-x64'): string | undefined {
  const problemWith = treeRules(platform);
  return entries.map(problemWith).find((problem) => problem !== undefined);
}

describe('a tree', () => {
  test('may hold files, folders and links that stay inside', () => {
    const tree = [folder('a'), file('a-b'), link('a/z', '../a-b'), file('a/ü'), link('b', 'a'), file('c:d')];
    expect(problemIn(tree)).toBeUndefined();
  });

  test.each<[string, readonly TreePlace[], RegExp]>([
    ['a path out of it', [file('../x')], /relative path/],
    ['half a character', [file('a\ud800')], /half of a character/],
    ['a control character', [file('a\u0007')], /control character/],
    ['a part that no disk takes', [file('é'.repeat(128))], /part over 255 bytes/],
    ['a path that no disk takes', [file(Array(206).fill('deep').join('/'))], /over 1024 bytes/],
    ['a target that no disk takes', [link('l', Array(206).fill('deep').join('/'))], /over 1024 bytes/],
    ['a file below a link', [link('a', 'b'), file('a/x')], /not a folder/],
    ['a name twice', [file('a'), folder('a')], /twice/],
    ['entries out of order', [file('b'), file('a')], /sorted/],
    ['names that are one on other disks', [file('README'), file('ReadMe')], /"README" on some/],
  ])('holds no %s', (_, entries, problem) => {
    expect(problemIn(entries)).toMatch(problem);
  });

  test('has names that a device can remember', () => {
    const name = 'n'.repeat(248);
    const count = Math.floor(names_bytes_max / (2 * 255));
    const names = Array.from({ length: count + 1 }, (_, index) => file(`${name}${String(index).padStart(7, '0')}`));
    expect(problemIn(names.slice(0, -1))).toBeUndefined();
    expect(problemIn(names)).toMatch(/too long for a device/);
  });

  test.each(['any', 'win32-x64', 'win32-arm64'])('for %s has only names that Windows takes as they are', (platform) => {
    for (const name of ['a:b', 'a?', 'a.', 'a ', 'CON', 'com1.txt', 'lpt¹', 'nul .txt', 'b/aux']) {
      expect(problemIn([folder('b'), file(name)].toSorted(byPath), platform)).toMatch(/Windows/);
    }
    expect(problemIn([link('l', 'a:b')], platform)).toMatch(/Windows/);
    for (const name of ['.config', 'a.b', 'console', 'com', 'null', 'a b']) {
      expect(problemIn([file(name)], platform)).toBeUndefined();
    }
  });
});

const byPath = (a: TreePlace, b: TreePlace) => comparePaths(a.path, b.path);

describe('the folded form of a path', () => {
  test('is the same in every case and normal form of every letter and mark', () => {
    const letters = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter((letter) =>
      /[\p{L}\p{M}]/u.test(letter),
    );
    expect(letters.length).toBeGreaterThan(40_000);
    const isSame = (letter: string) =>
      [letter.toUpperCase(), letter.toLowerCase(), letter.normalize('NFD'), letter.normalize('NFKD')].every(
        (other) => foldedPath(other) === foldedPath(letter),
      );
    expect(letters.filter((letter) => !isSame(letter))).toEqual([]);
  });

  test.each([
    ['straße', 'STRASSE'],
    ['GROẞ', 'gross'],
    ['ſ', 's'],
    ['İ', 'i\u0307'],
    ['ς', 'Σ'],
    ['ﬁ', 'FI'],
    ['\u212a', 'k'],
    ['.g\u200cit', '.git'],
  ])('of %s is that of %s', (one, other) => {
    expect(foldedPath(one)).toBe(foldedPath(other));
  });

  test('keeps apart what no disk mixes up', () => {
    const names = ['a', 'b', 'ä', 'a-b', 'a_b', 'a.b', '1', 'l'];
    expect(new Set(names.map(foldedPath)).size).toBe(names.length);
  });
});
