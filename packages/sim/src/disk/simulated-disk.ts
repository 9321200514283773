/** The `Disk` port over the model. Every operation that changes something can be the last one before the power goes. */

import type { Disk, DiskEntry, DiskWriter } from '@kedge/core/ports';
import {
  type Change,
  emptyFile,
  emptyFolder,
  type FileNode,
  type FileSystem,
  type FolderNode,
  type Node,
  settledFile,
  settledFolder,
} from './model.ts';
import { findNode, partsOf } from './path.ts';

/** Called before each change. It throws to stop the world there. */
export type BeforeChange = (operation: string, path: string) => void;

/** @param lies whether fsync answers that all is well and does nothing */
export function simulatedDisk(system: FileSystem, before: BeforeChange, lies = false): Disk {
  const { nodes } = system;

  function find(path: string): { readonly id: number; readonly node: Node } | undefined {
    const id = findNode(system, path);
    const node = id === undefined ? undefined : nodes.get(id);
    return id === undefined || !node ? undefined : { id, node };
  }

  function parent(path: string): { readonly id: number; readonly folder: FolderNode; readonly name: string } {
    const parts = partsOf(path);
    const name = parts.pop() ?? '';
    const found = find(`/${parts.join('/')}`);
    if (found?.node.kind !== 'folder') throw failure('ENOENT', path);
    return { id: found.id, folder: found.node, name };
  }

  function file(path: string): FileNode | undefined {
    const found = find(path)?.node;
    return found?.kind === 'file' ? found : undefined;
  }

  function change(id: number, change: Change, edit: (entries: Map<string, number>) => void): void {
    const folder = nodes.get(id);
    if (folder?.kind !== 'folder') throw new Error('only a folder has names to change');
    const entries = new Map(folder.entries);
    edit(entries);
    nodes.set(id, { ...folder, entries, pending: [...folder.pending, change] });
  }

  function add(path: string, node: Node): number {
    const { id: folder, name } = parent(path);
    const id = system.next_node;
    system.next_node += 1;
    nodes.set(id, node);
    change(folder, { kind: 'add', name, node: id }, (entries) => entries.set(name, id));
    return id;
  }

  function remove(path: string): void {
    const { id, name } = parent(path);
    change(id, { kind: 'remove', name }, (entries) => entries.delete(name));
  }

  return {
    async stat(path) {
      const node = find(path)?.node;
      return node && entryOf(node);
    },

    async list(path) {
      const node = find(path)?.node;
      return node?.kind === 'folder' ? [...node.entries.keys()].toSorted() : undefined;
    },

    async read(path, limit_bytes) {
      const content = file(path)?.content;
      if (content && content.length > limit_bytes) throw failure('EFBIG', path);
      return content?.slice();
    },

    async *stream(path, from_bytes = 0) {
      const content = file(path)?.content;
      if (!content) throw failure('ENOENT', path);
      if (content.length > from_bytes) yield content.slice(from_bytes);
    },

    async open(path, how, mode): Promise<DiskWriter> {
      const existing = find(path);
      if (!existing) {
        before('open', path);
        return writerOf(nodes, add(path, emptyFile(mode)), path, before, lies);
      }
      const { id, node } = existing;
      if (node.kind !== 'file') throw failure('EISDIR', path);
      if (how === 'new' && node.content.length > 0) {
        before('open', path);
        nodes.set(id, { ...node, content: new Uint8Array(0), emptied: true, writes: [] });
      }
      return writerOf(nodes, id, path, before, lies);
    },

    async makeFolder(path, mode = 0o755) {
      let made = '';
      for (const name of partsOf(path)) {
        made += `/${name}`;
        const existing = find(made)?.node;
        if (existing && existing.kind !== 'folder') throw failure('ENOTDIR', made);
        if (existing) continue;
        before('makeFolder', made);
        add(made, emptyFolder(mode));
      }
    },

    async rename(from, to) {
      const [source, target] = [parent(from), parent(to)];
      const moved = source.folder.entries.get(source.name);
      if (moved === undefined) throw failure('ENOENT', from);
      const replaced = find(to)?.node;
      if (replaced?.kind === 'folder' && replaced.entries.size > 0) throw failure('ENOTEMPTY', to);
      before('rename', to);
      if (source.id === target.id) {
        change(source.id, { kind: 'rename', from: source.name, to: target.name, node: moved }, (entries) => {
          entries.delete(source.name);
          entries.set(target.name, moved);
        });
        return;
      }
      change(target.id, { kind: 'add', name: target.name, node: moved }, (entries) => entries.set(target.name, moved));
      const out = { kind: 'move_out', name: source.name, node: moved, into: target.id, as: target.name } as const;
      change(source.id, out, (entries) => entries.delete(source.name));
    },

    async removeFile(path) {
      const node = find(path)?.node;
      if (!node) return;
      if (node.kind === 'folder') throw failure('EISDIR', path);
      before('removeFile', path);
      remove(path);
    },

    async removeFolder(path) {
      const node = find(path)?.node;
      if (!node) return;
      if (node.kind !== 'folder') throw failure('ENOTDIR', path);
      if (node.entries.size > 0) throw failure('ENOTEMPTY', path);
      before('removeFolder', path);
      remove(path);
    },

    async symlink(target, path) {
      if (find(path)) throw failure('EEXIST', path);
      before('symlink', path);
      add(path, { kind: 'symlink', target });
    },

    async setMode(path, mode) {
      const found = find(path);
      if (!found) throw failure('ENOENT', path);
      if (found.node.kind === 'symlink' || found.node.mode === mode) return;
      before('setMode', path);
      nodes.set(found.id, { ...found.node, mode });
    },

    async syncFolder(path) {
      const found = find(path);
      if (found?.node.kind !== 'folder') throw failure('ENOENT', path);
      before('syncFolder', path);
      if (lies) return;
      for (const moved of found.node.pending) if (moved.kind === 'move_out') settleMove(nodes, moved);
      nodes.set(found.id, settledFolder(found.node.mode, found.node.entries));
    },

    freeSpace: async () => 2 ** 40,
  };
}

/** Once the old name is durably gone, the new one is durably there: a rename never leaves a file without a name. */
function settleMove(nodes: Map<number, Node>, { node, into, as }: Change & { readonly kind: 'move_out' }): void {
  const target = nodes.get(into);
  if (target?.kind !== 'folder') return;
  const isIts = (change: Change): boolean => change.kind === 'add' && change.node === node && change.name === as;
  if (!target.pending.some(isIts)) return;
  const entries = new Map(target.durable.entries).set(as, node);
  const pending = target.pending.filter((change) => !isIts(change));
  nodes.set(into, { ...target, durable: { ...target.durable, entries }, pending });
}

function writerOf(nodes: Map<number, Node>, id: number, path: string, before: BeforeChange, lies: boolean): DiskWriter {
  const opened = (): FileNode => {
    const node = nodes.get(id);
    if (node?.kind !== 'file') throw failure('EBADF', path);
    return node;
  };
  return {
    async write(bytes) {
      before('write', path);
      const node = opened();
      const [from, until] = [node.content.length, node.content.length + bytes.length];
      const content = new Uint8Array(until);
      content.set(node.content);
      content.set(bytes, from);
      nodes.set(id, { ...node, content, writes: [...node.writes, { from, until }] });
    },
    async sync() {
      before('sync', path);
      const { mode, content } = opened();
      if (!lies) nodes.set(id, settledFile(mode, content));
    },
    close: async () => undefined,
  };
}

function entryOf(node: Node): DiskEntry {
  switch (node.kind) {
    case 'file':
      return { kind: 'file', size_bytes: node.content.length, mode: node.mode, modified_ms: 0 };
    case 'folder':
      return { kind: 'folder', mode: node.mode };
    case 'symlink':
      return { kind: 'symlink', target: node.target };
    default:
      return node satisfies never;
  }
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
