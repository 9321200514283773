/** Brings the app's data back to what a backup holds, while the app is stopped. */

import type { DataPart } from '@kedge/core/manifest';
import type { Disk } from '@kedge/core/ports';
import { makeFolderDurable, parentOf, removeTree } from '@kedge/trust/atomic-file';
import { type BackedUpPart, readContents } from './backup-contents.ts';
import { copyFile, copyFolder } from './copy.ts';
import { DataError, dataError } from './data-error.ts';
import { shortfall } from './database-header.ts';

/**
 * Lays all parts ready beside the data first, so that a full disk is found before anything is replaced.
 *
 * A cut may come after every line: the caller repeats the whole call before the app starts again (the journal says
 * ROLLING_BACK until this returned). So a part may be half replaced at a cut, but never such that the repetition, or a
 * program that opens it in between, takes a mixture of old and new for data.
 * @throws DataError
 */
export async function restore(
  disk: Disk,
  data_folder: string,
  parts: readonly DataPart[],
  from: string,
): Promise<void> {
  const backedUp = await readContents(disk, from, parts);
  for (const part of backedUp) {
    const place = `${data_folder}/${part.path}`;
    try {
      await layReady(disk, part, `${from}/data/${part.path}`, place);
    } catch (error) {
      // Gives back at once what it took: a full disk may be why it failed.
      for (const { path } of backedUp) await removeTree(disk, ready(`${data_folder}/${path}`));
      throw dataError(`the restore of ${place}`, error);
    }
  }
  for (const part of backedUp) {
    const place = `${data_folder}/${part.path}`;
    try {
      if (part.kind === 'sqlite') await removeLogs(disk, place);
      await replace(disk, part, place);
    } catch (error) {
      throw dataError(`the restore of ${place}`, error);
    }
  }
}

const ready = (place: string) => `${place}.kedge-new`;
const aside = (place: string) => `${place}.kedge-old`;

async function layReady(disk: Disk, part: BackedUpPart, from: string, place: string): Promise<void> {
  await removeTree(disk, ready(place));
  if (!part.present) return;
  await makeFolderDurable(disk, parentOf(place));
  if (part.kind === 'sqlite') {
    await copyFile(from, ready(place));
    await refuseDamaged(disk, ready(place), place);
  } else await copyFolder(disk, from, ready(place));
  await disk.syncFolder(parentOf(place));
}

/** A disk that lied when the backup was made may have kept the name of the file alone; to SQLite that is a database too. */
async function refuseDamaged(disk: Disk, copy: string, place: string): Promise<void> {
  const [backed, old] = [await disk.stat(copy), await disk.stat(place)];
  const isEmptied = backed?.kind === 'file' && backed.size_bytes === 0 && old?.kind === 'file' && old.size_bytes > 0;
  const problem = isEmptied ? 'it is empty' : await shortfall(disk, copy);
  if (problem !== undefined)
    throw new DataError(`the backup of ${place} is damaged: ${problem}; the data is left as it is`);
}

/**
 * Removes what SQLite keeps beside the old database, durably, before the database itself is replaced. The other way
 * round, a cut between the two would leave the restored database beside the old `-wal` or `-journal`, and whoever opens
 * it next would play the newer pages into it: the one mixture that looks like data. In this order a cut leaves the old
 * database without its log: newer writes are lost, which the restore is about to do anyway.
 */
async function removeLogs(disk: Disk, database: string): Promise<void> {
  for (const suffix of ['-wal', '-journal', '-shm']) await disk.removeFile(`${database}${suffix}`);
  if (await disk.stat(parentOf(database))) await disk.syncFolder(parentOf(database));
}

/** A file takes the place of a file in one rename; a folder has to be moved out of the way first. */
async function replace(disk: Disk, part: BackedUpPart, place: string): Promise<void> {
  await removeTree(disk, aside(place));
  const old = await disk.stat(place);
  const overFile = old?.kind === 'file' && part.kind === 'sqlite' && part.present;
  if (old && !overFile) await disk.rename(place, aside(place));
  if (part.present) await disk.rename(ready(place), place);
  if (old || part.present) await disk.syncFolder(parentOf(place));
  await removeTree(disk, aside(place));
}
