/** The `Disk` port over the model. Every operation that changes something can be the last one before the power goes. */

import type { Disk, DiskEntry, DiskWriter } from '@kedge/core/ports';
import { emptyFolder, type FileNode, type FileSystem, type FolderNode, type Node, root_node } from './model.ts';

/** Called before each change. It throws to stop the world there. */
export type BeforeChange = (operation: string, path: string) => void;

/** @param lies whether fsync answers that all is well and does nothing */
export function simulatedDisk(system: FileSystem, before: BeforeChange, lies = false): Disk {
  const { nodes } = system;

  function find(path: string): { readonly id: number; readonly node: Node } | undefined {
    let id = root_node;
    for (const name of partsOf(path)) {
      const folder = nodes.get(id);
      const child = folder?.kind === 'folder' ? folder.entries.get(name) : undefined;
      if (child === undefined) return undefined;
      id = child;
    }
    const node = nodes.get(id);
    return node && { id, node };
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

  function add(path: string, node: Node): void {
    const { folder, name } = parent(path);
    const id = system.next_node;
    system.next_node += 1;
    nodes.set(id, node);
    folder.entries.set(name, id);
    folder.pending.push({ kind: 'add', name, node: id });
  }

  function remove(path: string): void {
    const { folder, name } = parent(path);
    folder.entries.delete(name);
    folder.pending.push({ kind: 'remove', name });
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
      const existing = find(path)?.node;
      if (existing && existing.kind !== 'file') throw failure('EISDIR', path);
      if (!existing || (how === 'new' && existing.content.length > 0)) before('open', path);
      const empty = new Uint8Array(0);
      if (existing && how === 'new') existing.content = empty;
      if (!existing) add(path, { kind: 'file', mode, content: empty, durable: empty });
      const opened = file(path);
      if (!opened) throw failure('ENOENT', path);
      return writerOf(opened, path, before, lies);
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
      source.folder.entries.delete(source.name);
      target.folder.entries.set(target.name, moved);
      if (source.id === target.id) {
        source.folder.pending.push({ kind: 'rename', from: source.name, to: target.name });
      } else {
        target.folder.pending.push({ kind: 'add', name: target.name, node: moved });
        source.folder.pending.push({ kind: 'move_out', name: source.name, into: target.id, as: target.name });
      }
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
      const node = find(path)?.node;
      if (!node) throw failure('ENOENT', path);
      if (node.kind !== 'symlink') node.mode = mode;
    },

    async syncFolder(path) {
      const node = find(path)?.node;
      if (node?.kind !== 'folder') throw failure('ENOENT', path);
      before('syncFolder', path);
      if (lies) return;
      node.durable = new Map(node.entries);
      node.pending = [];
    },

    freeSpace: async () => 2 ** 40,
  };
}

function writerOf(file: FileNode, path: string, before: BeforeChange, lies: boolean): DiskWriter {
  return {
    async write(bytes) {
      before('write', path);
      const longer = new Uint8Array(file.content.length + bytes.length);
      longer.set(file.content);
      longer.set(bytes, file.content.length);
      file.content = longer;
    },
    async sync() {
      before('sync', path);
      if (!lies) file.durable = file.content;
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

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
