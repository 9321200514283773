/** The repository as its publisher sees it: the newest of every role, ready to be built upon. */

import type { Disk } from '@kedge/core/ports';
import { believing, Distrust } from '@kedge/trust/distrust';
import {
  before_all_expiry_ms,
  metadataFile,
  openStore,
  readFile,
  toBuffer,
  versionIn,
} from '@kedge/trust/metadata-set';
import { type DelegatedRole, delegatedRoleNames } from '@kedge/trust/roles';
import { Metadata, MetadataKind, type Root, type Snapshot, type Targets, type Timestamp } from '@tufjs/models';
import type { JSONObject } from '@tufjs/models/dist/utils/index.js';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { Refused } from './refused.ts';

export type Repository = {
  /** Absolute; holds `metadata/`, `targets/` and `artifacts/`. */
  readonly folder: string;
  readonly root: Metadata<Root>;
  readonly targets: Metadata<Targets>;
  readonly roles: ReadonlyMap<DelegatedRole, Metadata<Targets>>;
  readonly snapshot: Metadata<Snapshot>;
  readonly timestamp: Metadata<Timestamp>;
};

/**
 * Whoever builds upon a repository signs what it holds, so the signatures of root, targets and every delegated role
 * must be right. Those of snapshot and timestamp need not be: they are written anew each time, and half a key rotation
 * leaves them signed by the next root's keys.
 * @throws Refused
 */
export async function readRepository(disk: Disk, folder: string): Promise<Repository> {
  try {
    const root = (await readRootChain(disk, folder)).root;
    const timestamp = Metadata.fromJSON(MetadataKind.Timestamp, await readJson(disk, folder, 'timestamp', 0));
    const snapshotVersion = timestamp.signed.snapshotMeta.version;
    const snapshot = Metadata.fromJSON(
      MetadataKind.Snapshot,
      await readJson(disk, folder, 'snapshot', snapshotVersion),
    );
    const readTargets = async (role: 'targets' | DelegatedRole): Promise<Metadata<Targets>> =>
      Metadata.fromJSON(MetadataKind.Targets, await readJson(disk, folder, role, versionIn(snapshot, role)));
    const targets = await readTargets('targets');
    believing('targets.json', before_all_expiry_ms, () => root.verifyDelegate('targets', targets));
    const roles = new Map<DelegatedRole, Metadata<Targets>>();
    for (const role of delegatedRoleNames) {
      const metadata = await readTargets(role);
      believing(`${role}.json`, before_all_expiry_ms, () => targets.verifyDelegate(role, metadata));
      roles.set(role, metadata);
    }
    return { folder, root, targets, roles, snapshot, timestamp };
  } catch (error) {
    if (!(error instanceof Distrust)) throw error;
    throw new Refused(`${folder} cannot be published to: ${error.message}`, { cause: error });
  }
}

/** From `1.root.json` up, each signed by the one before. @throws Distrust */
export async function readRootChain(
  disk: Disk,
  folder: string,
  now_ms = before_all_expiry_ms,
): Promise<TrustedMetadataStore> {
  const store = openStore(await readFile(disk, `${folder}/metadata/1.root.json`, 'root'), now_ms);
  for (;;) {
    const file = metadataFile('root', store.root.signed.version + 1);
    if (!(await disk.stat(`${folder}/metadata/${file}`))) return store;
    const bytes = await readFile(disk, `${folder}/metadata/${file}`, 'root');
    believing(file, now_ms, () => store.updateRoot(toBuffer(bytes)));
  }
}

export function roleOf(repository: Repository, role: DelegatedRole): Metadata<Targets> {
  const metadata = repository.roles.get(role);
  if (!metadata) throw new Error(`the repository was read without its role ${role}`);
  return metadata;
}

async function readJson(disk: Disk, folder: string, role: string, version: number): Promise<JSONObject> {
  const file = metadataFile(role, version);
  const bytes = await readFile(disk, `${folder}/metadata/${file}`, role);
  return believing(file, before_all_expiry_ms, (): JSONObject => JSON.parse(bytes.toString('utf8')));
}
