/** Durability, written once: a file is the old one or the new one after a power cut at any instant, and never half of it. */

import type { Disk } from '@kedge/core/ports';

/**
 * Replaces a file: temp, fsync, rename, fsync of the folder. What the temp name held before, left by a cut, is lost.
 * The folder must exist. On return the new content is durable; on an error the old file is untouched.
 */
export async function writeAtomic(disk: Disk, path: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  const temp = `${path}.tmp`;
  // A temp file left by a cut may have another mode.
  await disk.removeFile(temp);
  await writeDurable(disk, temp, bytes, mode);
  await disk.rename(temp, path);
  await disk.syncFolder(parentOf(path));
}

async function writeDurable(disk: Disk, path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await disk.open(path, 'new', mode);
  try {
    await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Points a symlink somewhere else, or makes it: temp, rename, fsync of the folder. */
export async function linkAtomic(disk: Disk, target: string, path: string): Promise<void> {
  const temp = `${path}.tmp`;
  await disk.removeFile(temp);
  await disk.symlink(target, temp);
  await disk.rename(temp, path);
  await disk.syncFolder(parentOf(path));
}

/** Makes a folder whose name survives a power cut, with any missing parents. */
export async function makeFolderDurable(disk: Disk, path: string, mode?: number): Promise<void> {
  if (await disk.stat(path)) return;
  const parent = parentOf(path);
  if (parent !== path) await makeFolderDurable(disk, parent);
  await disk.makeFolder(path, mode);
  await disk.syncFolder(parent);
}

/** Removes what is at that path, with all that is below it. Symlinks are removed, not followed. */
export async function removeTree(disk: Disk, path: string): Promise<void> {
  const entry = await disk.stat(path);
  if (!entry) return;
  if (entry.kind !== 'folder') {
    await disk.removeFile(path);
    return;
  }
  for (const name of (await disk.list(path)) ?? []) await removeTree(disk, `${path}/${name}`);
  await disk.removeFolder(path);
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}
