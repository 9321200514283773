/** Makes what a session has verified the trusted set of this device. */

import type { Disk, Sha256 } from '@kedge/core/ports';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { writeAtomic } from './atomic-file.ts';
import { type Floor, writeFloor } from './floor.ts';
import { metadataFile } from './metadata-set.ts';
import { revocationsFile } from './revocations.ts';

type Verified = {
  readonly disk: Disk;
  readonly sha256: Sha256;
  readonly folder: string;
  readonly store: TrustedMetadataStore;
  /** By name in `metadata/`. */
  readonly fetched: ReadonlyMap<string, Uint8Array>;
};

/** All of it at once, or nothing of it: until `timestamp.json` is replaced, the old set is the trusted one. */
export async function keepSet(verified: Verified, floor: Floor, revocations: Uint8Array | undefined): Promise<void> {
  const { disk, folder, fetched } = verified;
  for (const [file, bytes] of fetched) {
    if (file !== 'timestamp.json') await writeAtomic(disk, `${folder}/metadata/${file}`, bytes);
  }
  if (revocations) await writeAtomic(disk, `${folder}/${revocationsFile}`, revocations);
  await writeFloor(verified, floor);
  const timestamp = fetched.get('timestamp.json');
  if (!timestamp) return;
  await writeAtomic(disk, `${folder}/metadata/timestamp.json`, timestamp);
  await removeReplaced(verified);
}

async function removeReplaced(verified: Verified): Promise<void> {
  const folder = `${verified.folder}/metadata`;
  const { root, snapshot } = verified.store;
  if (!snapshot) throw new Error('a set is kept before its snapshot was verified');
  const kept = new Set([
    'timestamp.json',
    metadataFile('root', root.signed.version),
    metadataFile('snapshot', snapshot.signed.version),
  ]);
  for (const [file, meta] of Object.entries(snapshot.signed.meta)) kept.add(`${meta.version}.${file}`);
  for (const file of (await verified.disk.list(folder)) ?? []) {
    if (!kept.has(file)) await verified.disk.removeFile(`${folder}/${file}`);
  }
}
