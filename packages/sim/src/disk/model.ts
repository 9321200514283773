/**
 * A file system as bad as POSIX allows it to be, as plain data: what is durable, what is not yet, and what a power cut can
 * make of it.
 *
 * Rules: a file's bytes are durable after fsync of the file, its name after fsync of its folder. Until then each change of
 * a folder may survive or vanish, in any combination; of a write there may be all, a part that ends at a sector, zeros, or
 * nothing. A rename is atomic: there is no state in which the file has neither name. Outside the rules: bytes that were
 * durable and change, and a disk that lies about fsync.
 */

export type FileNode = {
  readonly kind: 'file';
  mode: number;
  /** What a reader sees. */
  content: Uint8Array;
  /** What is certain to be there after a cut. */
  durable: Uint8Array;
};

export type FolderNode = {
  readonly kind: 'folder';
  mode: number;
  entries: Map<string, number>;
  durable: Map<string, number>;
  /** Since the last fsync, oldest first. */
  pending: Change[];
};

export type LinkNode = { readonly kind: 'symlink'; readonly target: string };

export type Node = FileNode | FolderNode | LinkNode;

export type Change =
  | { readonly kind: 'add'; readonly name: string; readonly node: number }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  /** The half of a rename that takes the name away; it does not survive where the other half did not. */
  | { readonly kind: 'move_out'; readonly name: string; readonly into: number; readonly as: string };

export type FileSystem = { readonly nodes: Map<number, Node>; next_node: number };

export const root_node = 1;
export const sector_bytes = 512;

export function emptyFileSystem(): FileSystem {
  return { nodes: new Map([[root_node, emptyFolder(0o755)]]), next_node: root_node + 1 };
}

export function emptyFolder(mode: number): FolderNode {
  return { kind: 'folder', mode, entries: new Map(), durable: new Map(), pending: [] };
}

export function copyOf({ nodes, next_node }: FileSystem): FileSystem {
  return { nodes: new Map([...nodes].map(([id, node]) => [id, copyNode(node)])), next_node };
}

function copyNode(node: Node): Node {
  switch (node.kind) {
    case 'file':
      return { ...node };
    case 'folder':
      return { ...node, entries: new Map(node.entries), durable: new Map(node.durable), pending: [...node.pending] };
    case 'symlink':
      return node;
    default:
      return node satisfies never;
  }
}

/** All that a reader can see, in one text: two file systems that read the same are the same. */
export function describe(system: FileSystem): string {
  const lines: string[] = [];
  walk(system, root_node, '', lines);
  return lines.join('\n');
}

function walk(system: FileSystem, id: number, path: string, lines: string[]): void {
  const node = system.nodes.get(id);
  if (!node) return;
  if (node.kind === 'symlink') lines.push(`${path} -> ${node.target}`);
  else if (node.kind === 'file') lines.push(`${path} ${Buffer.from(node.content).toString('latin1')}`);
  else {
    lines.push(`${path}/`);
    const names = [...node.entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, child] of names) walk(system, child, `${path}/${name}`, lines);
  }
}
