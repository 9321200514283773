/** All that a reader can see below a folder, as one short text: two that read the same are the same. */

import { digestOf, digestOfText } from '@kedge/core/digest';
import { sha256 } from '@kedge/trust/os/sha256';
import type { FileSystem } from './model.ts';
import { findNode } from './path.ts';

/** @param isSeen of a name; what is not seen is as if it were not there */
export function digestOfTree(system: FileSystem, folder = '/', isSeen: (name: string) => boolean = everything): string {
  const lines: string[] = [];
  const id = findNode(system, folder);
  if (id !== undefined) walk(system, id, '', isSeen, lines);
  return digestOfText(sha256, lines.join('\n')).slice(0, 24);
}

const everything = (): boolean => true;

function walk(system: FileSystem, id: number, path: string, isSeen: (name: string) => boolean, lines: string[]): void {
  const node = system.nodes.get(id);
  if (!node) return;
  if (node.kind === 'symlink') lines.push(`${path} -> ${node.target}`);
  else if (node.kind === 'file') lines.push(`${path} ${node.mode} ${digestOfContent(node.content)}`);
  else {
    lines.push(`${path}/ ${node.mode}`);
    for (const name of [...node.entries.keys()].toSorted()) {
      if (isSeen(name)) walk(system, node.entries.get(name) ?? 0, `${path}/${name}`, isSeen, lines);
    }
  }
}

/** Bytes in the model never change, and most of them are in thousands of states. */
const known = new WeakMap<Uint8Array, string>();

export function digestOfContent(content: Uint8Array): string {
  const before = known.get(content);
  if (before !== undefined) return before;
  const digest = digestOf(sha256, content);
  known.set(content, digest);
  return digest;
}
