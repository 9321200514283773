/** A disk that is a table of what lies at each path, and tells which paths were changed. */

import type { Disk, DiskEntry } from '@kedge/core/ports';

type Node =
  | { readonly kind: 'file'; readonly content: Uint8Array; readonly mode: number }
  | { readonly kind: 'folder'; readonly mode: number }
  | { readonly kind: 'symlink'; readonly target: string };

export type MemoryDisk = {
  readonly disk: Disk;
  /** In order, each as often as it was changed. */
  readonly changed: readonly string[];
};

const modified_ms = 0;

/** @param files by their paths; folders need not be named */
export function memoryDisk(files: { readonly [path: string]: Uint8Array }): MemoryDisk {
  const nodes = new Map<string, Node>();
  for (const [path, content] of Object.entries(files)) nodes.set(path, { kind: 'file', content, mode: 0o644 });
  const changed: string[] = [];
  const put = (path: string, node: Node): void => {
    changed.push(path);
    nodes.set(path, node);
  };
  const drop = async (path: string): Promise<void> => {
    changed.push(path);
    nodes.delete(path);
  };
  const content = (path: string): Uint8Array | undefined => {
    const node = nodes.get(path);
    return node?.kind === 'file' ? node.content : undefined;
  };

  const hasBelow = (path: string) => [...nodes.keys()].some((each) => each.startsWith(`${path}/`));

  const disk: Disk = {
    async stat(path): Promise<DiskEntry | undefined> {
      const node = nodes.get(path);
      if (node?.kind === 'file') return { kind: 'file', size_bytes: node.content.length, mode: node.mode, modified_ms };
      return node ?? (hasBelow(path) ? { kind: 'folder', mode: 0o755 } : undefined);
    },
    async list(path) {
      const below = [...nodes.keys()].filter((each) => each.startsWith(`${path}/`));
      return below.length === 0 && !nodes.has(path) ? undefined : namesIn(path, below);
    },
    async read(path, limit_bytes) {
      const bytes = content(path);
      if (bytes && bytes.length > limit_bytes) throw failure('EFBIG', path);
      return bytes;
    },
    async *stream(path, from_bytes = 0) {
      const bytes = content(path);
      if (!bytes) throw failure('ENOENT', path);
      yield bytes.subarray(from_bytes);
    },
    async open(path, how, mode) {
      const existing = nodes.get(path);
      if (existing && existing.kind !== 'file') throw failure('EISDIR', path);
      put(path, { kind: 'file', content: (how === 'append' && existing?.content) || new Uint8Array(), mode });
      return {
        async write(bytes) {
          put(path, { kind: 'file', content: new Uint8Array([...(content(path) ?? []), ...bytes]), mode });
        },
        sync: async () => {},
        close: async () => {},
      };
    },
    async makeFolder(path, mode = 0o755) {
      if (nodes.get(path)?.kind !== 'folder') put(path, { kind: 'folder', mode });
    },
    async rename(from, to) {
      const node = nodes.get(from);
      if (!node) throw failure('ENOENT', from);
      await drop(from);
      put(to, node);
    },
    removeFile: drop,
    removeFolder: drop,
    symlink: async (target, path) => put(path, { kind: 'symlink', target }),
    async setMode(path, mode) {
      const node = nodes.get(path);
      if (node && node.kind !== 'symlink') put(path, { ...node, mode });
    },
    syncFolder: async () => {},
    freeSpace: async () => Number.MAX_SAFE_INTEGER,
  };
  return { disk, changed };
}

function namesIn(path: string, below: readonly string[]): readonly string[] {
  const names = below.map((each) => each.slice(path.length + 1).split('/')[0] ?? '');
  return [...new Set(names)].toSorted();
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
