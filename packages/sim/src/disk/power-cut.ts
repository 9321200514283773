/** What a power cut can make of a file system: every combination that the rules allow, or a seeded sample. */

import type { Prng } from '../prng.ts';
import { contentsAfterCut } from './file-contents.ts';
import {
  type Change,
  copyOf,
  type FileSystem,
  type FolderNode,
  type Node,
  root_node,
  settledFile,
  settledFolder,
} from './model.ts';

/** One choice that the power cut makes for us, and how many ways it can fall: from nothing survived (0) to all of it. */
export type Choice = {
  readonly node: number;
  /** A folder's change by its place, or what is not synced of a file or a folder itself. */
  readonly of: number | 'content' | 'mode';
  readonly ways: number;
};

/** How each choice falls: a digit of base 36 for each. */
export type Fall = string;

const digits = 36;

export function choicesIn(system: FileSystem): readonly Choice[] {
  const choices: Choice[] = [];
  for (const [node, entry] of system.nodes) {
    if (entry.kind === 'symlink') continue;
    if (entry.mode !== entry.durable.mode) choices.push({ node, of: 'mode', ways: 2 });
    if (entry.kind === 'folder') choices.push(...entry.pending.map((_, change) => ({ node, of: change, ways: 2 })));
    else if (entry.emptied || entry.writes.length > 0) {
      const ways = contentsAfterCut(entry).length;
      if (ways > digits) throw new Error(`a file may be left in ${ways} ways: more than one digit tells`);
      if (ways > 1) choices.push({ node, of: 'content', ways });
    }
  }
  return choices;
}

export function combinationsOf(choices: readonly Choice[]): number {
  return choices.reduce((product, { ways }) => product * ways, 1);
}

/** All of them, or a sample that begins with the two extremes: nothing survived, and everything did. */
export function fallsOf(choices: readonly Choice[], limit: number, prng: Prng): readonly Fall[] {
  const combinations = combinationsOf(choices);
  if (combinations <= limit) return Array.from({ length: combinations }, (_, index) => fallNumber(index, choices));
  const falls = new Set([written(choices, () => 0), everythingSurvives(choices)].slice(0, limit));
  for (let tries = 0; falls.size < limit && tries < 4 * limit; tries += 1) {
    // Of what is lost or survives alone among many, an even chance would hardly ever give an example.
    const lost = [0.15, 0.5, 0.85][prng.below(3)] ?? 0.5;
    falls.add(written(choices, (ways) => (prng.fraction() < lost ? prng.below(ways) : ways - 1)));
  }
  return [...falls];
}

/** NaN where the fall does not say. */
export function wayOf(fall: Fall, index: number): number {
  return Number.parseInt(fall.charAt(index), digits);
}

export function everythingSurvives(choices: readonly Choice[]): Fall {
  return written(choices, (ways) => ways - 1);
}

/** As it is found at the next boot: nothing is pending in it. */
export function afterFall(system: FileSystem, choices: readonly Choice[], fall: Fall): FileSystem {
  const after = copyOf(system);
  const survived = new Map<number, Set<number>>();
  for (const [index, { node, of }] of choices.entries()) {
    const way = wayOf(fall, index);
    const entry = after.nodes.get(node);
    if (entry === undefined || entry.kind === 'symlink' || Number.isNaN(way))
      throw new Error(`${fall} is not how it can fall`);
    if (of === 'mode') after.nodes.set(node, way === 1 ? entry : { ...entry, mode: entry.durable.mode });
    else if (of === 'content' && entry.kind === 'file') {
      after.nodes.set(node, { ...entry, content: contentsAfterCut(entry)[way] ?? entry.content });
    } else if (of !== 'content' && way === 1) survived.set(node, (survived.get(node) ?? new Set()).add(of));
  }
  rebuildFolders(after, survived);
  settle(after);
  return after;
}

/** For who needs the states alone. */
export function crashStates(
  system: FileSystem,
  limit: number,
  prng: Prng,
): { readonly states: readonly FileSystem[]; readonly combinations: number } {
  const choices = choicesIn(system);
  const states = fallsOf(choices, limit, prng).map((fall) => afterFall(system, choices, fall));
  return { states, combinations: combinationsOf(choices) };
}

function fallNumber(index: number, choices: readonly Choice[]): Fall {
  let rest = index;
  return written(choices, (ways) => {
    const way = rest % ways;
    rest = Math.floor(rest / ways);
    return way;
  });
}

function written(choices: readonly Choice[], fall: (ways: number) => number): Fall {
  return choices.map(({ ways }) => fall(ways).toString(digits)).join('');
}

function rebuildFolders({ nodes }: FileSystem, survived: ReadonlyMap<number, ReadonlySet<number>>): void {
  const unsettled = [...nodes].filter((pair): pair is [number, FolderNode] => isUnsettledFolder(pair[1]));
  const rebuilt = new Map<number, Map<string, number>>();
  for (const [id, folder] of unsettled) {
    const entries = new Map(folder.durable.entries);
    for (const [index, change] of folder.pending.entries()) if (survived.get(id)?.has(index)) apply(entries, change);
    rebuilt.set(id, entries);
  }
  const entriesOf = (id: number): ReadonlyMap<string, number> | undefined => {
    const node = nodes.get(id);
    return rebuilt.get(id) ?? (node?.kind === 'folder' ? node.entries : undefined);
  };
  for (const [id, folder] of unsettled) {
    const entries = rebuilt.get(id) ?? new Map<string, number>();
    for (const [index, change] of folder.pending.entries()) {
      if (change.kind !== 'move_out' || !survived.get(id)?.has(index)) continue;
      const { name, node, into, as } = change;
      if (entries.get(name) === node && entriesOf(into)?.get(as) === node) entries.delete(name);
    }
    nodes.set(id, { ...folder, entries });
  }
}

function isUnsettledFolder(node: Node): node is FolderNode {
  return node.kind === 'folder' && node.pending.length > 0;
}

function apply(entries: Map<string, number>, change: Change): void {
  switch (change.kind) {
    case 'add':
      entries.set(change.name, change.node);
      return;
    case 'remove':
      entries.delete(change.name);
      return;
    case 'rename':
      // It is the file that is renamed, and not what an earlier change, which was lost, has left under that name.
      for (const [name, node] of entries) if (node === change.node) entries.delete(name);
      entries.set(change.to, change.node);
      return;
    // After all folders: whether it counts depends on another one.
    case 'move_out':
      return;
    default:
      change satisfies never;
  }
}

/** What the next boot finds is all there is: nothing is pending any more, and what has no name is gone. */
function settle({ nodes }: FileSystem): void {
  const reached = new Set<number>();
  const pending = [root_node];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const node = nodes.get(id);
    if (!node || reached.has(id)) continue;
    reached.add(id);
    if (node.kind === 'folder') pending.push(...node.entries.values());
  }
  for (const [id, node] of nodes) {
    if (!reached.has(id)) nodes.delete(id);
    else if (!isSettled(node)) nodes.set(id, settled(node));
  }
}

function isSettled(node: Node): boolean {
  switch (node.kind) {
    case 'file':
      return (
        node.content === node.durable.content &&
        node.mode === node.durable.mode &&
        !node.emptied &&
        node.writes.length === 0
      );
    case 'folder':
      return node.entries === node.durable.entries && node.mode === node.durable.mode && node.pending.length === 0;
    case 'symlink':
      return true;
    default:
      return node satisfies never;
  }
}

function settled(node: Node): Node {
  switch (node.kind) {
    case 'file':
      return settledFile(node.mode, node.content);
    case 'folder':
      return settledFolder(node.mode, node.entries);
    case 'symlink':
      return node;
    default:
      return node satisfies never;
  }
}
