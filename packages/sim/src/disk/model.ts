/**
 * A file system as bad as POSIX allows it to be, as plain data: what is durable, what is not yet, and what a power cut can
 * make of it. The rules are in `docs/power-safety.md`. A node is never changed, only replaced: a copy of a file system shares them all.
 */

export type FileNode = {
  readonly kind: 'file';
  readonly mode: number;
  /** What a reader sees. */
  readonly content: Uint8Array;
  /** What is certain to be there after a cut. */
  readonly durable: { readonly mode: number; readonly content: Uint8Array };
  /** It was emptied since the last fsync. */
  readonly emptied: boolean;
  /** Each write since then, as the part of `content` that it gave. */
  readonly writes: readonly Written[];
};

export type Written = { readonly from: number; readonly until: number };

export type FolderNode = {
  readonly kind: 'folder';
  readonly mode: number;
  readonly entries: Entries;
  readonly durable: { readonly mode: number; readonly entries: Entries };
  /** Since the last fsync, oldest first. */
  readonly pending: readonly Change[];
};

export type Entries = ReadonlyMap<string, number>;

export type LinkNode = { readonly kind: 'symlink'; readonly target: string };

export type Node = FileNode | FolderNode | LinkNode;

export type Change =
  | { readonly kind: 'add'; readonly name: string; readonly node: number }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly node: number }
  /** The half of a rename that takes the name away; it does not survive where the other half did not. */
  | {
      readonly kind: 'move_out';
      readonly name: string;
      readonly node: number;
      readonly into: number;
      readonly as: string;
    };

export type FileSystem = { readonly nodes: Map<number, Node>; next_node: number };

export const root_node = 1;
export const sector_bytes = 512;

const empty = new Uint8Array(0);

export function emptyFileSystem(): FileSystem {
  return { nodes: new Map([[root_node, emptyFolder(0o755)]]), next_node: root_node + 1 };
}

export function emptyFolder(mode: number): FolderNode {
  return settledFolder(mode, new Map());
}

export function emptyFile(mode: number): FileNode {
  return settledFile(mode, empty);
}

/** Durable, all of it. */
export function settledFile(mode: number, content: Uint8Array): FileNode {
  return { kind: 'file', mode, content, durable: { mode, content }, emptied: false, writes: [] };
}

/** Durable, all of it. */
export function settledFolder(mode: number, entries: Entries): FolderNode {
  return { kind: 'folder', mode, entries, durable: { mode, entries }, pending: [] };
}

export function copyOf({ nodes, next_node }: FileSystem): FileSystem {
  return { nodes: new Map(nodes), next_node };
}
