/** Copies files and folders so that the copy is durable and keeps modes, owners and times. */

import { type BigIntStats, constants } from 'node:fs';
import { copyFile as copyContent, lchown, lstat, open, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Disk, errorCode } from '@kedge/core/ports';
import { removeTree } from '@kedge/trust/atomic-file';
import { DataError } from './data-error.ts';

const passes_max = 5;

/**
 * Copies a folder that may change meanwhile: again and again what changed since the last pass, until a pass finds
 * nothing. Sockets, pipes and devices are left out: they hold no data. The folder's own name in its parent is not synced.
 * @param to absolute; not there yet
 * @throws DataError when it never stands still
 */
export async function copyFolder(disk: Disk, from: string, to: string): Promise<void> {
  let copied: Survey = new Map();
  for (let pass = 0; ; pass += 1) {
    const found = await survey(from);
    const gone = [...copied.keys()].filter((path) => found.get(path)?.kind !== copied.get(path)?.kind);
    const changed = [...found].filter(([path, entry]) => copied.get(path)?.stamp !== entry.stamp);
    if (gone.length === 0 && changed.length === 0) break;
    if (pass === passes_max) {
      throw new DataError(`${from} changed during each of ${passes_max} copies; stop what writes there and try again`, {
        code: 'EBUSY',
      });
    }
    for (const path of gone.toReversed()) await removeTree(disk, join(to, path));
    for (const [path, entry] of changed) {
      if (!(await unlessGone(copyEntry(disk, entry, join(from, path), join(to, path))))) found.delete(path);
    }
    copied = found;
  }
  for (const [path, { kind }] of [...copied].toReversed()) {
    if (kind === 'folder') await disk.syncFolder(join(to, path));
  }
}

/** Copies one file, as a reflink where the file system can. Durable on return, but for its name in its folder. */
export async function copyFile(from: string, to: string): Promise<void> {
  await copyContent(from, to, constants.COPYFILE_FICLONE);
  await copyAttributes(from, to);
}

/** Mode, owner and time of a file or a folder; syncs it. */
export async function copyAttributes(from: string, to: string): Promise<void> {
  const wanted = await lstat(from);
  const file = await open(to, 'r');
  try {
    const { uid, gid } = await file.stat();
    if (uid !== wanted.uid || gid !== wanted.gid) await file.chown(wanted.uid, wanted.gid);
    await file.chmod(wanted.mode & 0o7777);
    await file.utimes(wanted.atime, wanted.mtime);
    await file.sync();
  } finally {
    await file.close();
  }
}

type Surveyed = { readonly kind: 'file' | 'folder' | 'symlink'; readonly stamp: string };
/** By path below the folder, each folder before what is in it; the folder itself has the empty path. */
type Survey = Map<string, Surveyed>;

async function survey(root: string): Promise<Survey> {
  const found: Survey = new Map();
  const pending = [''];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const facts = await unlessGone(lstat(join(root, path), { bigint: true }));
    const entry = facts && surveyed(facts);
    if (!entry) continue;
    found.set(path, entry);
    if (entry.kind !== 'folder') continue;
    for (const name of (await unlessGone(readdir(join(root, path)))) ?? []) pending.push(join(path, name));
  }
  return found;
}

/** A folder's time says only that names came and went below it, which the names themselves tell. */
function surveyed(facts: BigIntStats): Surveyed | undefined {
  const attributes = `${facts.mode} ${facts.uid} ${facts.gid}`;
  if (facts.isDirectory()) return { kind: 'folder', stamp: attributes };
  const stamp = `${attributes} ${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
  if (facts.isFile()) return { kind: 'file', stamp };
  return facts.isSymbolicLink() ? { kind: 'symlink', stamp } : undefined;
}

async function copyEntry(disk: Disk, entry: Surveyed, from: string, to: string): Promise<true> {
  switch (entry.kind) {
    case 'folder':
      await disk.makeFolder(to);
      await copyAttributes(from, to);
      return true;
    case 'file':
      await disk.removeFile(to);
      await copyFile(from, to);
      return true;
    case 'symlink': {
      const { uid, gid } = await lstat(from);
      await disk.removeFile(to);
      await disk.symlink(await readlink(from), to);
      const made = await lstat(to);
      if (made.uid !== uid || made.gid !== gid) await lchown(to, uid, gid);
      return true;
    }
    default:
      return entry.kind satisfies never;
  }
}

/** Undefined when it vanished since it was seen; the next pass looks again. */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
