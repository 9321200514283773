/** What a power cut took, in words: a line for each choice that did not fall in favour of what a reader saw. */

import { contentsAfterCut } from './file-contents.ts';
import { type Change, type FileSystem, root_node } from './model.ts';
import { type Choice, type Fall, wayOf } from './power-cut.ts';

export function lostIn(system: FileSystem, choices: readonly Choice[], fall: Fall): readonly string[] {
  const paths = pathsIn(system);
  return choices.flatMap(({ node: id, of, ways }, index) => {
    const way = wayOf(fall, index);
    if (way === ways - 1) return [];
    const node = system.nodes.get(id);
    const path = paths.get(id) ?? 'a file that was removed';
    if (of === 'mode') return [`${path}: its mode was lost`];
    if (of === 'content') {
      const left = node?.kind === 'file' ? (contentsAfterCut(node)[way]?.length ?? 0) : 0;
      return [
        `${path}: ${way === 0 ? 'nothing that was written is there' : `torn, in way ${way} of ${ways}`} (${left} bytes)`,
      ];
    }
    const change = node?.kind === 'folder' ? node.pending[of] : undefined;
    return change ? [`${path === '' ? '/' : path}: lost "${wordsOf(change)}"`] : [];
  });
}

function wordsOf(change: Change): string {
  switch (change.kind) {
    case 'add':
      return `add ${change.name}`;
    case 'remove':
      return `remove ${change.name}`;
    case 'rename':
      return `rename ${change.from} to ${change.to}`;
    case 'move_out':
      return `move ${change.name} to another folder`;
    default:
      return change satisfies never;
  }
}

/** Where each node is, or was when the disk was last synced. */
function pathsIn({ nodes }: FileSystem): ReadonlyMap<number, string> {
  const paths = new Map([[root_node, '']]);
  const pending = [root_node];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const node = nodes.get(id);
    if (node?.kind !== 'folder') continue;
    for (const [name, child] of [...node.entries, ...node.durable.entries]) {
      if (paths.has(child)) continue;
      paths.set(child, `${paths.get(id)}/${name}`);
      pending.push(child);
    }
  }
  return paths;
}
