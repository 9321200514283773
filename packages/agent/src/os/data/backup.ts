/** Backs up the app's data while the app may be writing. */

import { backup as copyDatabase } from 'node:sqlite';
import type { DataPart } from '@kedge/core/manifest';
import type { Disk } from '@kedge/core/ports';
import { makeFolderDurable, parentOf, removeTree } from '@kedge/trust/atomic-file';
import { type BackedUpPart, refuseOverlap, writeContents } from './backup-contents.ts';
import { copyAttributes, copyFolder } from './copy.ts';
import { DataError, dataError } from './data-error.ts';
import { openReadable } from './database.ts';

/**
 * @param to absolute; the backup gets this name when it is whole and durable
 * @throws DataError
 */
export async function backUp(disk: Disk, data_folder: string, parts: readonly DataPart[], to: string): Promise<void> {
  refuseOverlap(parts);
  if (await disk.stat(to)) throw new DataError(`there is a backup at ${to} already; give the new one another name`);
  await removePartial(disk, parentOf(to));
  const partial = `${to}${partialSuffix}`;
  try {
    await fill(disk, data_folder, parts, partial);
  } catch (error) {
    // Gives back at once what it took: a full disk may be why it failed.
    await removeTree(disk, partial);
    throw error;
  }
  await disk.rename(partial, to);
  await disk.syncFolder(parentOf(to));
}

const partialSuffix = '.partial';

/** What a power cut left of earlier backups. */
async function removePartial(disk: Disk, folder: string): Promise<void> {
  for (const name of (await disk.list(folder)) ?? []) {
    if (name.endsWith(partialSuffix)) await removeTree(disk, `${folder}/${name}`);
  }
}

async function fill(disk: Disk, data_folder: string, parts: readonly DataPart[], to: string): Promise<void> {
  await makeFolderDurable(disk, to, 0o700);
  const backedUp: BackedUpPart[] = [];
  for (const part of parts) {
    const present = await backUpPart(disk, part, `${data_folder}/${part.path}`, `${to}/data/${part.path}`);
    backedUp.push({ ...part, present });
  }
  await writeContents(disk, to, backedUp);
}

/** @returns whether there was anything */
async function backUpPart(disk: Disk, part: DataPart, from: string, to: string): Promise<boolean> {
  const found = await disk.stat(from);
  if (!found) return false;
  const kind = part.kind === 'sqlite' ? 'file' : 'folder';
  if (found.kind !== kind) {
    throw new DataError(
      `${from} is a ${found.kind}, not a ${kind}; correct the path of this data part in the manifest`,
    );
  }
  await makeFolderDurable(disk, parentOf(to));
  try {
    if (part.kind === 'sqlite') await backUpDatabase(from, to);
    else await copyFolder(disk, from, to);
  } catch (error) {
    throw dataError(`the backup of ${from}`, error);
  }
  await disk.syncFolder(parentOf(to));
  return true;
}

/**
 * One snapshot, whatever is written meanwhile. The read transaction is what makes it one: without it the copy begins
 * anew at each write of another process, and a lock in its way ends it with an error that says "not an error".
 */
async function backUpDatabase(from: string, to: string): Promise<void> {
  using database = openReadable(from);
  database.exec('BEGIN; SELECT 1 FROM sqlite_schema');
  await copyDatabase(database, to, { rate: pages_per_step });
  database.exec('COMMIT');
  await copyAttributes(from, to);
}

const pages_per_step = 256;
