/** The roots that a device can start from. */

import type { Disk } from '@kedge/core/ports';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { Distrust } from './distrust.ts';
import { openStore, readFile } from './metadata-set.ts';

export type RootPlace = {
  readonly disk: Disk;
  readonly folder: string;
  readonly initial_root: Uint8Array;
};

/**
 * The roots on this device, the newest first, down to the one that came with the agent. A torn one is left out: from
 * an older one the client walks up again, and the floor says how far it must get.
 */
export async function trustedRoots(
  place: RootPlace,
  now_ms: number,
): Promise<readonly [TrustedMetadataStore, ...TrustedMetadataStore[]]> {
  const initial = openStore(place.initial_root, now_ms);
  const newer: TrustedMetadataStore[] = [];
  for (const version of (await keptVersions(place)).toSorted((a, b) => b - a)) {
    if (version <= initial.root.signed.version) continue;
    const store = await openKept(place, version, now_ms);
    if (store) newer.push(store);
  }
  const [newest, ...older] = newer;
  return newest ? [newest, ...older, initial] : [initial];
}

async function keptVersions(place: RootPlace): Promise<readonly number[]> {
  const files = (await place.disk.list(`${place.folder}/metadata`)) ?? [];
  return files.flatMap((file) => {
    const version = /^(\d+)\.root\.json$/.exec(file)?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}

async function openKept(place: RootPlace, version: number, now_ms: number): Promise<TrustedMetadataStore | undefined> {
  try {
    return openStore(await readFile(place.disk, `${place.folder}/metadata/${version}.root.json`, 'root'), now_ms);
  } catch (error) {
    if (error instanceof Distrust) return undefined;
    throw error;
  }
}
