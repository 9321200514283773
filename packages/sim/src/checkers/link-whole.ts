/**
 * Before any agent runs, `current` leads to one whole release, byte for byte as it was built, or to nothing: the app can be
 * started without Kedge. Read from the disk itself, with no code of the agent.
 */

import { digestOfTree } from '../disk/digest.ts';
import type { FileSystem } from '../disk/model.ts';
import { findNode } from '../disk/path.ts';
import { device_folder } from '../simulated-device.ts';

/** @param vendor whose disk still has the trees that were built */
export function linkWhole(system: FileSystem, vendor: FileSystem): string | undefined {
  const link = system.nodes.get(findNode(system, `${device_folder}/current`) ?? 0);
  if (!link) return undefined;
  if (link.kind !== 'symlink') return 'current is not a link';
  const tree = digestOfTree(system, `${device_folder}/${link.target}`);
  const built = digestOfTree(vendor, `/sources/${link.target.slice(link.target.lastIndexOf('/') + 1)}/tree`);
  return tree === built ? undefined : `current leads to ${link.target}, which is not whole`;
}
