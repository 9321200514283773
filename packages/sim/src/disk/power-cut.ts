/** What a power cut can make of a file system: every combination that the rules of `model.ts` allow, or a seeded sample. */

import type { Prng } from '../prng.ts';
import { type Change, copyOf, type FileNode, type FileSystem, type FolderNode, sector_bytes } from './model.ts';

export type Crashes = {
  /** As they are found at the next boot: nothing is pending in them. */
  readonly states: readonly FileSystem[];
  /** How many combinations there are; above the limit only a sample is in `states`. */
  readonly combinations: number;
};

/** One choice that the power cut makes for us, and how many ways it can fall. */
type Choice = { readonly node: number; readonly change: number | null; readonly ways: number };

export function crashStates(system: FileSystem, limit: number, prng: Prng): Crashes {
  const choices = choicesIn(system);
  const combinations = choices.reduce((product, { ways }) => product * ways, 1);
  const states =
    combinations <= limit
      ? Array.from({ length: combinations }, (_, index) => fall(system, choices, digitsOf(index, choices)))
      : sample(system, choices, limit, prng);
  return { states, combinations };
}

/** The extremes are always among them: nothing survived, and everything did. */
function sample(system: FileSystem, choices: readonly Choice[], limit: number, prng: Prng): FileSystem[] {
  const none = choices.map(() => 0);
  const all = choices.map(({ ways }) => ways - 1);
  const others = Array.from({ length: limit - 2 }, () => choices.map(({ ways }) => prng.below(ways)));
  return [none, all, ...others].map((digits) => fall(system, choices, digits));
}

function choicesIn(system: FileSystem): readonly Choice[] {
  const choices: Choice[] = [];
  for (const [node, entry] of system.nodes) {
    if (entry.kind === 'folder') {
      choices.push(...entry.pending.map((_, change) => ({ node, change, ways: 2 })));
    } else if (entry.kind === 'file' && entry.content !== entry.durable) {
      choices.push({ node, change: null, ways: contentsOf(entry).length });
    }
  }
  return choices;
}

function digitsOf(index: number, choices: readonly Choice[]): readonly number[] {
  let rest = index;
  return choices.map(({ ways }) => {
    const digit = rest % ways;
    rest = Math.floor(rest / ways);
    return digit;
  });
}

function fall(system: FileSystem, choices: readonly Choice[], digits: readonly number[]): FileSystem {
  const after = copyOf(system);
  const survived = new Map<number, Set<number>>();
  for (const [index, { node, change }] of choices.entries()) {
    const digit = digits[index] ?? 0;
    const entry = after.nodes.get(node);
    if (change !== null) {
      if (digit === 1) survived.set(node, (survived.get(node) ?? new Set()).add(change));
    } else if (entry?.kind === 'file') {
      entry.content = contentsOf(entry)[digit] ?? entry.durable;
    }
  }
  const folders = [...after.nodes].filter((pair): pair is [number, FolderNode] => pair[1].kind === 'folder');
  for (const [id, folder] of folders) applySurvivors(folder, survived.get(id) ?? new Set());
  for (const [id, folder] of folders) dropMoved(after, folder, survived.get(id) ?? new Set());
  settle(after);
  return after;
}

function applySurvivors(folder: FolderNode, survived: ReadonlySet<number>): void {
  folder.entries = new Map(folder.durable);
  for (const [index, change] of folder.pending.entries()) if (survived.has(index)) apply(folder.entries, change);
}

function apply(entries: Map<string, number>, change: Change): void {
  switch (change.kind) {
    case 'add':
      entries.set(change.name, change.node);
      return;
    case 'remove':
      entries.delete(change.name);
      return;
    case 'rename': {
      const node = entries.get(change.from);
      if (node === undefined) return;
      entries.delete(change.from);
      entries.set(change.to, node);
      return;
    }
    // After all folders: whether it counts depends on another one.
    case 'move_out':
      return;
    default:
      change satisfies never;
  }
}

function dropMoved(system: FileSystem, folder: FolderNode, survived: ReadonlySet<number>): void {
  for (const [index, change] of folder.pending.entries()) {
    if (change.kind !== 'move_out' || !survived.has(index)) continue;
    const target = system.nodes.get(change.into);
    const moved = folder.entries.get(change.name);
    if (target?.kind === 'folder' && target.entries.get(change.as) === moved) folder.entries.delete(change.name);
  }
}

/** What the next boot finds is all there is: nothing is pending any more, and what has no name is gone. */
function settle(system: FileSystem): void {
  const reached = new Set<number>();
  const visit = (id: number): void => {
    const node = system.nodes.get(id);
    if (!node || reached.has(id)) return;
    reached.add(id);
    if (node.kind === 'folder') for (const child of node.entries.values()) visit(child);
  };
  visit(1);
  for (const [id, node] of system.nodes) {
    if (!reached.has(id)) system.nodes.delete(id);
    else if (node.kind === 'file') node.durable = node.content;
    else if (node.kind === 'folder') {
      node.durable = new Map(node.entries);
      node.pending = [];
    }
  }
}

/** From nothing of what was written to all of it. */
function contentsOf({ content, durable }: FileNode): readonly Uint8Array[] {
  const contents = [durable, new Uint8Array(0), new Uint8Array(content.length)];
  const torn = Math.floor(content.length / 2 / sector_bytes) * sector_bytes;
  if (torn > 0) {
    const half = new Uint8Array(content.length);
    half.set(content.subarray(0, torn));
    contents.push(content.slice(0, torn), half);
  }
  return [...contents, content];
}
