/** What a release's tree is, so that the one who builds it and the one who unpacks it mean the same by its digest. */

import type { Sha256 } from './ports.ts';

export type TreeEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly executable: boolean;
      readonly size_bytes: number;
      readonly sha256: string;
    }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string };

/** Folders are 0755, files 0644 or 0755: nothing else of a mode, an owner or a time is part of a release. */
export function modeOf(
  entry: { readonly kind: 'file'; readonly executable: boolean } | { readonly kind: 'folder' | 'symlink' },
): number {
  return entry.kind === 'folder' || (entry.kind === 'file' && entry.executable) ? 0o755 : 0o644;
}

/**
 * SHA-256 over one line per entry, sorted by the UTF-8 bytes of the path:
 * `file 755 SIZE SHA256 PATH`, `folder PATH`, `symlink TARGET\0PATH`, each closed by a zero byte.
 * Independent of the archive format, so that a tree can be checked wherever it lies.
 */
export function treeDigest(entries: readonly TreeEntry[], sha256: Sha256): string {
  const tree = treeHash(sha256);
  for (const entry of entries.toSorted((a, b) => comparePaths(a.path, b.path))) tree.add(entry);
  return tree.hex();
}

/** The digest of a tree whose entries come one by one, sorted by `comparePaths`: nothing of them is kept. */
export function treeHash(sha256: Sha256): { add(entry: TreeEntry): void; hex(): string } {
  const encoder = new TextEncoder();
  const hash = sha256();
  return {
    add: (entry) => hash.update(encoder.encode(`${describe(entry)}\0`)),
    hex: () => hash.hex(),
  };
}

function describe(entry: TreeEntry): string {
  switch (entry.kind) {
    case 'file':
      return `file ${modeOf(entry).toString(8)} ${entry.size_bytes} ${entry.sha256} ${entry.path}`;
    case 'folder':
      return `folder ${entry.path}`;
    case 'symlink':
      return `symlink ${entry.target}\0${entry.path}`;
    default:
      return entry satisfies never;
  }
}

/** As the bytes of their UTF-8 compare. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const difference = rank(a.charCodeAt(index)) - rank(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Half of a pair stands for a code point beyond all that have no halves. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}
