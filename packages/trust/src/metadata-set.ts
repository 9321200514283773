/**
 * A verified set of TUF metadata. The one on a device and the one in a repository lie in their folder in the same way:
 * files named for their version, and `timestamp.json`, written last, that decides which of them count.
 */

import { type Disk, errorCode } from '@kedge/core/ports';
import type { Metadata, Root, Snapshot, Targets, Timestamp } from '@tufjs/models';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { believing, Distrust } from './distrust.ts';
import { metadataLimit_bytes } from './limits.ts';
import type { DelegatedRole } from './roles.ts';

export type MetadataSet = {
  readonly root: Metadata<Root>;
  readonly timestamp: Metadata<Timestamp>;
  readonly snapshot: Metadata<Snapshot>;
  readonly targets: Metadata<Targets>;
  readonly roles: ReadonlyMap<DelegatedRole, Metadata<Targets>>;
  /** What is wrong with the roles that are not there, a line each. */
  readonly problems: readonly string[];
};

/** At this time nothing has expired: what was trusted once stays readable. */
export const before_all_expiry_ms = 0;

/**
 * Verifies the set in a folder. A role that is not in order is left out and named; the rest is all or nothing.
 * @throws Distrust
 */
export async function readSet(options: {
  readonly disk: Disk;
  /** Holds `timestamp.json` and the files that it leads to. */
  readonly folder: string;
  /** With its root and its time. */
  readonly store: TrustedMetadataStore;
  readonly now_ms: number;
  readonly roles: readonly DelegatedRole[];
}): Promise<MetadataSet> {
  const { disk, folder, store, now_ms } = options;
  const read = (file: string, role: string) => readFile(disk, `${folder}/${file}`, role);
  const timestampBytes = await read('timestamp.json', 'timestamp');
  const timestamp = believing('timestamp.json', now_ms, () => store.updateTimestamp(timestampBytes));
  const snapshotFile = `${timestamp.signed.snapshotMeta.version}.snapshot.json`;
  const snapshotBytes = await read(snapshotFile, 'snapshot');
  const snapshot = believing(snapshotFile, now_ms, () => store.updateSnapshot(snapshotBytes));

  const readRole = async (role: 'targets' | DelegatedRole): Promise<Metadata<Targets>> => {
    const file = `${versionIn(snapshot, role)}.${role}.json`;
    const bytes = await read(file, role);
    return believing(file, now_ms, () => updateRole(store, role, role === 'targets' ? 'root' : 'targets', bytes));
  };
  const targets = await readRole('targets');
  const roles = new Map<DelegatedRole, Metadata<Targets>>();
  const problems: string[] = [];
  for (const role of options.roles) {
    try {
      roles.set(role, await readRole(role));
    } catch (error) {
      if (!(error instanceof Distrust)) throw error;
      problems.push(error.message);
    }
  }
  return { root: store.root, timestamp, snapshot, targets, roles, problems };
}

/** The store takes the machine's time when it is made; the time that counts is ours. */
export function openStore(root: Uint8Array, now_ms: number): TrustedMetadataStore {
  const store = believing('root.json', now_ms, () => new TrustedMetadataStore(toBuffer(root)));
  setTime(store, now_ms);
  return store;
}

export function setTime(store: TrustedMetadataStore, now_ms: number): void {
  Object.assign(store, { referenceTime: new Date(now_ms) });
}

export function updateRole(
  store: TrustedMetadataStore,
  role: string,
  delegator: string,
  bytes: Uint8Array,
): Metadata<Targets> {
  store.updateDelegatedTargets(toBuffer(bytes), role, delegator);
  const metadata = store.getRole(role);
  if (!metadata) throw new Error(`${role} was accepted and is not there`);
  return metadata;
}

/** @throws Distrust when the snapshot does not know the role */
export function versionIn(snapshot: Metadata<Snapshot>, role: string): number {
  const version = snapshot.signed.meta[`${role}.json`]?.version;
  if (version === undefined) {
    throw new Distrust('mismatch', `the snapshot does not list ${role}.json: the publisher has to publish again`);
  }
  return version;
}

/** What the file name says where a repository keeps every version. */
export function metadataFile(role: string, version: number): string {
  return role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`;
}

/** @throws Distrust when it is missing, or longer than any such file is */
export async function readFile(disk: Disk, path: string, role: string): Promise<Buffer> {
  try {
    const bytes = await disk.read(path, metadataLimit_bytes(role));
    if (bytes) return toBuffer(bytes);
  } catch (error) {
    if (errorCode(error) !== 'EFBIG') throw error;
    throw new Distrust('too_large', `${path} is too long for a metadata file`, { cause: error });
  }
  throw new Distrust('not_found', `${path} is missing`);
}

/** The same bytes, in the shape that tuf-js takes. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
