/**
 * A new root is durable before anybody can see it. A device that has taken it never goes back, and would follow nobody but
 * the keys in it: if a power cut could take it away again, the next root of the same version, with other keys, would strand
 * that device. So it is first written under a name that nobody asks for, and a later command shows it.
 */

import type { Disk } from '@kedge/core/ports';
import { parentOf, writeAtomic } from '@kedge/trust/atomic-file';
import { believing, Distrust } from '@kedge/trust/distrust';
import { before_all_expiry_ms, metadataFile, readFile, toBuffer } from '@kedge/trust/metadata-set';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';

export async function writeRoot(disk: Disk, folder: string, version: number, bytes: Uint8Array): Promise<void> {
  await writeAtomic(disk, pendingFile(folder, version), bytes);
  await showRoot(disk, folder, version);
}

/** What an interrupted commit may have shown already. No root of that version is pending: nothing is done. */
export async function showRoot(disk: Disk, folder: string, version: number): Promise<void> {
  const pending = pendingFile(folder, version);
  if (!(await disk.stat(pending))) return;
  const path = rootFile(folder, version);
  // Its name may be younger than the last sync, when it was a command that was killed and not the power that went.
  await disk.syncFolder(parentOf(path));
  await disk.rename(pending, path);
  await disk.syncFolder(parentOf(path));
}

/** Goes on to the root that an interrupted commit has left pending. One that does not follow was shown to nobody. */
export async function followPendingRoot(disk: Disk, folder: string, store: TrustedMetadataStore): Promise<void> {
  try {
    const file = pendingFile(folder, store.root.signed.version + 1);
    const bytes = await readFile(disk, file, 'root');
    believing(file, before_all_expiry_ms, () => store.updateRoot(toBuffer(bytes)));
  } catch (error) {
    if (!(error instanceof Distrust)) throw error;
  }
}

function rootFile(folder: string, version: number): string {
  return `${folder}/metadata/${metadataFile('root', version)}`;
}

function pendingFile(folder: string, version: number): string {
  return `${rootFile(folder, version)}.next`;
}
