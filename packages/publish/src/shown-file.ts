/**
 * The timestamp and a new root are durable before anybody can see them. A device that has taken one never goes back: if a power
 * cut could take it away again, the next one of the same version, with other content or other keys, would lead that device
 * astray, or strand it. So each is first written under a name that nobody asks for, and the next command shows what an
 * interrupted one had in hand.
 */

import type { Disk } from '@kedge/core/ports';
import { makeFolderDurable, parentOf, writeAtomic } from '@kedge/trust/atomic-file';
import { believing, Distrust } from '@kedge/trust/distrust';
import { before_all_expiry_ms, metadataFile, readFile, toBuffer } from '@kedge/trust/metadata-set';
import { Metadata, MetadataKind } from '@tufjs/models';
import type { JSONObject } from '@tufjs/models/dist/utils/index.js';
import { type Repository, readRepository, readRootChain } from './repository.ts';

/** Makes or replaces a file that devices follow. */
export async function showFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  await makeFolderDurable(disk, parentOf(path));
  await writeAtomic(disk, pending(path), bytes);
  await show(disk, path);
}

/** The repository to build upon, after what an interrupted command had in hand is shown. @throws Refused */
export async function takeUpRepository(disk: Disk, folder: string): Promise<Repository> {
  await unlessDistrusted(() => showPendingTimestamp(disk, folder));
  await unlessDistrusted(() => showPendingRoot(disk, folder));
  return readRepository(disk, folder);
}

async function showPendingTimestamp(disk: Disk, folder: string): Promise<void> {
  const path = `${folder}/metadata/${metadataFile('timestamp', 0)}`;
  if (!(await disk.stat(pending(path)))) return;
  const [next, shown] = [await timestampVersion(disk, pending(path)), await timestampVersion(disk, path)];
  if (next === shown + 1) await show(disk, path);
}

/** All that it leads to was durable before it. */
async function timestampVersion(disk: Disk, path: string): Promise<number> {
  const bytes = await readFile(disk, path, 'timestamp');
  return believing(path, before_all_expiry_ms, () => {
    const json: JSONObject = JSON.parse(bytes.toString('utf8'));
    return Metadata.fromJSON(MetadataKind.Timestamp, json).signed.version;
  });
}

async function showPendingRoot(disk: Disk, folder: string): Promise<void> {
  const store = await readRootChain(disk, folder);
  const path = `${folder}/metadata/${metadataFile('root', store.root.signed.version + 1)}`;
  if (!(await disk.stat(pending(path)))) return;
  const bytes = await readFile(disk, pending(path), 'root');
  believing(pending(path), before_all_expiry_ms, () => store.updateRoot(toBuffer(bytes)));
  await show(disk, path);
}

async function show(disk: Disk, path: string): Promise<void> {
  // The pending name may be younger than the last sync, when it was a command that was killed and not the power that went.
  await disk.syncFolder(parentOf(path));
  await disk.rename(pending(path), path);
  await disk.syncFolder(parentOf(path));
}

/** What nobody could have followed was shown to nobody: it is written over. */
async function unlessDistrusted(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Distrust)) throw error;
  }
}

function pending(path: string): string {
  return `${path}.next`;
}
