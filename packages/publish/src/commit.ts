/** Makes a change of a repository public: all of it or nothing of it, for every reader and at any instant. */

import { digestOf } from '@kedge/core/digest';
import type { Clock, Disk, Sha256 } from '@kedge/core/ports';
import { makeFolderDurable, parentOf, writeAtomic } from '@kedge/trust/atomic-file';
import { metadataFile } from '@kedge/trust/metadata-set';
import type { DelegatedRole, TopRole } from '@kedge/trust/roles';
import { targetFile } from '@kedge/trust/target-file';
import { Metadata, MetaFile, type Root, Signature, Snapshot, type Targets, Timestamp } from '@tufjs/models';
import type { Role } from '@tufjs/models/dist/role.js';
import { type Keyring, keyFileName } from './keyring.ts';
import { expiryOf, instantOf } from './lifetime.ts';
import { Refused } from './refused.ts';
import type { Repository } from './repository.ts';
import { showFile } from './shown-file.ts';

export type Change = {
  readonly root?: Root;
  readonly targets?: Targets;
  readonly roles?: ReadonlyMap<DelegatedRole, Targets>;
  /** By target path. Any number of bytes, but meant for manifests and lists. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** Also when nothing that it lists has changed. */
  readonly renew_snapshot?: boolean;
};

/** What a change is made upon; `init` has no more than a folder. */
export type Base = { readonly folder: string } & Partial<Repository>;

type Ports = { readonly disk: Disk; readonly clock: Clock; readonly sha256: Sha256 };

/**
 * Everything is signed before anything is written, and nothing that is written counts before `timestamp.json` is
 * replaced. What an interrupted commit left behind is written over by the next: no reader was ever led to it. A new root
 * comes last: until then the old one's keys, which sign as well where they are at hand, are those that count.
 * @throws Refused when keys are missing, or the clock is wrong
 */
export async function commit(ports: Ports, keyring: Keyring, base: Base, change: Change): Promise<void> {
  refuseEarlierTime(ports.clock.now_ms(), base, change);
  const signed = signAll(ports, keyring, base, change);
  for (const [path, bytes] of change.files ?? []) {
    await writeFile(ports.disk, `${base.folder}/${targetFile({ path, sha256: digestOf(ports.sha256, bytes) })}`, bytes);
  }
  for (const [file, bytes] of signed.files) await writeFile(ports.disk, `${base.folder}/metadata/${file}`, bytes);
  for (const [file, bytes] of signed.shown) await showFile(ports.disk, `${base.folder}/metadata/${file}`, bytes);
}

const clock_skew_ms_max = 3_600_000;

/**
 * What is signed by a clock that is behind has expired for every device that trusts what was signed before. If it was that
 * signature whose clock was wrong, new keys free the devices, and so a new root is let through.
 */
function refuseEarlierTime(now_ms: number, { timestamp }: Base, change: Change): void {
  const signed_at = timestamp?.signed.unrecognizedFields['signed_at'];
  if (change.root || typeof signed_at !== 'string' || !(now_ms < Date.parse(signed_at) - clock_skew_ms_max)) return;
  throw new Refused(
    `this machine's clock says ${instantOf(now_ms)}, but the repository was signed at ${signed_at}: set the clock; if it is right, run "kedge keys rotate timestamp"`,
  );
}

/** By file name, in the order in which they are to be written. */
type SignedChange = {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What devices follow; after all that it leads to. */
  readonly shown: ReadonlyMap<string, Uint8Array>;
};

function signAll(ports: Ports, keyring: Keyring, base: Base, change: Change): SignedChange {
  const now_ms = ports.clock.now_ms();
  const root = change.root ?? base.root?.signed;
  const delegations = (change.targets ?? base.targets?.signed)?.delegations;
  if (!root || !delegations) throw new Error('a change without root or targets, of a repository that has none');
  const files = new Map<string, Uint8Array>();
  const meta: Record<string, MetaFile> = { ...base.snapshot?.signed.meta };
  const add = (role: string, metadata: Metadata<Targets | Snapshot>): MetaFile => {
    const { version } = metadata.signed;
    const bytes = encode(metadata);
    files.set(metadataFile(role, version), bytes);
    return new MetaFile({ version, length: bytes.length, hashes: { sha256: digestOf(ports.sha256, bytes) } });
  };
  const signTop = <T extends Root | Targets | Snapshot | Timestamp>(role: TopRole, signed: T): Metadata<T> =>
    sign(keyring, signed, role, root.roles[role], base.root?.signed.roles[role]);

  for (const [role, targets] of change.roles ?? []) {
    meta[`${role}.json`] = add(role, sign(keyring, targets, role, delegations.roles?.[role]));
  }
  if (change.targets) meta['targets.json'] = add('targets', signTop('targets', change.targets));
  let snapshotMeta = base.timestamp?.signed.snapshotMeta;
  if (!snapshotMeta || change.roles || change.targets || change.renew_snapshot) {
    const version = (base.snapshot?.signed.version ?? 0) + 1;
    const snapshot = new Snapshot({ version, specVersion, expires: expiryOf('snapshot', now_ms), meta });
    snapshotMeta = add('snapshot', signTop('snapshot', snapshot));
  }
  const timestamp = new Timestamp({
    version: (base.timestamp?.signed.version ?? 0) + 1,
    specVersion,
    expires: expiryOf('timestamp', now_ms),
    snapshotMeta,
    // A device without a clock takes the time from here.
    unrecognizedFields: { signed_at: instantOf(now_ms) },
  });
  const shown = new Map([[metadataFile('timestamp', 0), encode(signTop('timestamp', timestamp))]]);
  if (change.root) {
    const metadata = signRoot(keyring, change.root, base.root?.signed);
    shown.set(metadataFile('root', change.root.version), encode(metadata));
  }
  return { files, shown };
}

function encode(metadata: Metadata<Root | Targets | Snapshot | Timestamp>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(metadata.toJSON()));
}

export const specVersion = '1.0.31';

/** By the keys of the new root and, to be the next link of the chain, by those of the old one (TUF 1.0, section 6.1). */
function signRoot(keyring: Keyring, root: Root, old: Root | undefined): Metadata<Root> {
  const metadata = sign(keyring, root, 'root', root.roles['root'], old?.roles['root']);
  if (old?.roles['root']) requireThreshold(metadata, 'root', old.roles['root']);
  return metadata;
}

function sign<T extends Root | Targets | Snapshot | Timestamp>(
  keyring: Keyring,
  signed: T,
  name: string,
  role: Role | undefined,
  old?: Role,
): Metadata<T> {
  if (!role) throw new Error(`no keys are named for ${name}`);
  const metadata = new Metadata(signed);
  for (const keyID of new Set([...role.keyIDs, ...(old?.keyIDs ?? [])])) {
    if (keyring.key_ids.has(keyID)) {
      metadata.sign((bytes) => new Signature({ keyID, sig: keyring.sign(keyID, bytes) }));
    }
  }
  requireThreshold(metadata, name, role);
  return metadata;
}

function requireThreshold(metadata: Metadata<Root | Targets | Snapshot | Timestamp>, name: string, role: Role): void {
  const missing = role.keyIDs.filter((keyID) => !metadata.signatures[keyID]);
  const wanted = role.threshold - (role.keyIDs.length - missing.length);
  if (wanted <= 0) return;
  const files = missing.map((keyID) => keyFileName(name, keyID)).join(', ');
  throw new Refused(`${name} needs ${wanted} more of these keys: ${files}; copy them into the keys folder`);
}

async function writeFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  await makeFolderDurable(disk, parentOf(path));
  await writeAtomic(disk, path, bytes);
}
