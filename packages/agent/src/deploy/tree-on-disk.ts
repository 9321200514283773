/** Reads a tree back as the entries its digest is made of. */

import type { Disk, Sha256 } from '@kedge/core/ports';
import type { TreeEntry } from '@kedge/core/tree';

/**
 * @param folder absolute; not an entry itself
 * @returns in no order; undefined when the tree holds what no release can, or a mode that `unpack` does not give
 */
export async function treeOnDisk(disk: Disk, sha256: Sha256, folder: string): Promise<TreeEntry[] | undefined> {
  const entries: TreeEntry[] = [];
  const pending = [''];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    for (const name of (await disk.list(`${folder}/${prefix}`)) ?? []) {
      const entry = await readEntry(disk, sha256, folder, `${prefix}${name}`);
      if (!entry) return undefined;
      entries.push(entry);
      if (entry.kind === 'folder') pending.push(`${entry.path}/`);
    }
  }
  return entries;
}

/**
 * How much there is of a tree.
 * @param folder absolute; not an entry itself
 */
export async function extentOnDisk(
  disk: Disk,
  folder: string,
): Promise<{ readonly entry_count: number; readonly bytes: number }> {
  let [entry_count, bytes] = [0, 0];
  const pending = [folder];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for (const name of (await disk.list(parent)) ?? []) {
      const found = await disk.stat(`${parent}/${name}`);
      if (found?.kind === 'folder') pending.push(`${parent}/${name}`);
      entry_count += 1;
      bytes += found?.kind === 'file' ? found.size_bytes : 0;
    }
  }
  return { entry_count, bytes };
}

async function readEntry(disk: Disk, sha256: Sha256, folder: string, path: string): Promise<TreeEntry | undefined> {
  const found = await disk.stat(`${folder}/${path}`);
  if (found?.kind === 'symlink') return { kind: 'symlink', path, target: found.target };
  if (found?.kind === 'folder') return found.mode === 0o755 ? { kind: 'folder', path } : undefined;
  if (found?.kind !== 'file' || (found.mode !== 0o755 && found.mode !== 0o644)) return undefined;
  const hash = sha256();
  let size_bytes = 0;
  for await (const chunk of disk.stream(`${folder}/${path}`)) {
    hash.update(chunk);
    size_bytes += chunk.length;
  }
  return { kind: 'file', path, executable: found.mode === 0o755, size_bytes, sha256: hash.hex() };
}
