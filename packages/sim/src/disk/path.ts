/** Finds what an absolute path leads to. Symlinks are not followed. */

import { type FileSystem, root_node } from './model.ts';

/** Undefined when there is nothing. */
export function findNode({ nodes }: FileSystem, path: string): number | undefined {
  let id = root_node;
  for (const name of partsOf(path)) {
    const folder = nodes.get(id);
    const child = folder?.kind === 'folder' ? folder.entries.get(name) : undefined;
    if (child === undefined) return undefined;
    id = child;
  }
  return nodes.has(id) ? id : undefined;
}

export function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}
