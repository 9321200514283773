/** A copy of a repository in the hands of somebody who can write every file of it, and sign with the keys of his loot. */

import { digestOf } from '@kedge/core/digest';
import type { Disk } from '@kedge/core/ports';
import { type Keyring, readKeyring } from '@kedge/publish/keyring';
import { writeAtomic } from '@kedge/trust/atomic-file';
import { metadataFile } from '@kedge/trust/metadata-set';
import { sha256 } from '@kedge/trust/os/sha256';
import type { Role } from '@kedge/trust/roles';
import { targetFile } from '@kedge/trust/target-file';
import { copyOf, type FileSystem } from '../disk/model.ts';
import { simulatedDisk } from '../disk/simulated-disk.ts';
import { keys, repository_folder } from '../simulated-vendor.ts';
import type { Ground, Hostile } from './attack.ts';
import { canonicalJson } from './canonical-json.ts';
import { type Loot, stolenRoles } from './loot.ts';

type KeySet = { keyids: string[]; threshold: number };
type FileMeta = { version: number; length: number; hashes: { sha256: string } };
export type TargetMeta = { length: number; hashes: { sha256: string }; custom?: { version: string; counter: number } };

/** The part of metadata that is signed, as JSON, with the fields that somebody forges. */
export type Signed = {
  version: number;
  expires: string;
  signed_at: string;
  meta: { [file: string]: FileMeta };
  targets: { [path: string]: TargetMeta };
  keys: { [keyid: string]: unknown };
  roles: { [role: string]: KeySet };
  delegations: {
    keys: { [keyid: string]: unknown };
    roles: (KeySet & { name: string; paths: string[]; terminating: boolean })[];
  };
};

export type Forge = {
  readonly system: FileSystem;
  readonly disk: Disk;
  readonly now_ms: number;
  /** What the repository's newest metadata of the role says, to be changed at will. */
  signedBy(role: string): Promise<Signed>;
  /** By its path in the repository. */
  read(path: string): Promise<Uint8Array>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** The metadata file, signed with what is in the loot. */
  sign(role: Role, signed: Signed): Promise<Uint8Array>;
  /** Makes the metadata the newest of its role, signed with what is in the loot, with a snapshot and a timestamp that lead to it. */
  lead(role: Role, signed: Signed): Promise<void>;
  /** The same for a file that is not signed as it should be. */
  leadTo(role: Role, version: number, bytes: Uint8Array): Promise<void>;
  /** Signs both anew, with whatever change. Needs their keys. */
  signOnline(change?: { snapshot?: (signed: Signed) => void; timestamp?: (signed: Signed) => void }): Promise<void>;
  /** Gives a role another target. */
  list(signed: Signed, path: string, bytes: Uint8Array, custom?: TargetMeta['custom']): Promise<void>;
};

/** What somebody does with a forge. False when the ground has nothing to do it with. */
export type Deed = (forge: Forge, ground: Ground) => Promise<boolean | void>;

/** The ground has not even a release. */
export class NothingToForge extends Error {
  override readonly name = 'NothingToForge';
}

const file_bytes_max = 64 * 1024 * 1024;

/** Undefined when the ground has nothing to do the deed with. */
export async function forgeOn(ground: Ground, loot: Loot, deed: Deed): Promise<Hostile | undefined> {
  const forge = await openForge(ground, loot);
  try {
    return (await deed(forge, ground)) === false ? undefined : { repository: forge.system };
  } catch (error) {
    if (error instanceof NothingToForge) return undefined;
    throw error;
  }
}

export async function openForge(ground: Ground, loot: Loot): Promise<Forge> {
  const system = copyOf(ground.vendor);
  const disk = simulatedDisk(system, () => undefined);
  const keyring = await readKeyring(disk, keys);

  async function read(path: string): Promise<Uint8Array> {
    const bytes = await disk.read(`${repository_folder}/${path}`, file_bytes_max);
    if (!bytes) throw new Error(`the repository has no ${path}`);
    return bytes;
  }
  const write = (path: string, bytes: Uint8Array) => writeAtomic(disk, `${repository_folder}/${path}`, bytes);

  async function signedBy(role: string): Promise<Signed> {
    const file = await newestFile(disk, role);
    return parse(await read(`metadata/${file}`)).signed;
  }

  async function keySetOf(role: Role): Promise<KeySet> {
    const top = (await signedBy('root')).roles[role];
    const { delegations } = await signedBy('targets');
    const found = top ?? delegations.roles.find(({ name }) => name === role);
    if (!found) throw new Error(`no keys are named for ${role}`);
    return found;
  }

  async function sign(role: Role, signed: Signed): Promise<Uint8Array> {
    if (!stolenRoles[loot].includes(role)) throw new Error(`whoever holds ${loot} cannot sign ${role}`);
    const { keyids, threshold } = await keySetOf(role);
    const key_ids =
      loot === 'a revoked key' ? await retiredKeys(disk, role, keyids) : keyids.slice(0, threshold > 1 ? 1 : undefined);
    return envelope(signed, key_ids, keyring);
  }

  async function signOnline(change: Parameters<Forge['signOnline']>[0] = {}): Promise<void> {
    const snapshot = await signedBy('snapshot');
    snapshot.version += 1;
    change.snapshot?.(snapshot);
    const snapshotBytes = await sign('snapshot', snapshot);
    await write(`metadata/${metadataFile('snapshot', snapshot.version)}`, snapshotBytes);
    const timestamp = await signedBy('timestamp');
    timestamp.version += 1;
    timestamp.meta = { 'snapshot.json': metaOf(snapshot.version, snapshotBytes) };
    change.timestamp?.(timestamp);
    await write('metadata/timestamp.json', await sign('timestamp', timestamp));
  }

  async function leadTo(role: Role, version: number, bytes: Uint8Array): Promise<void> {
    await write(`metadata/${metadataFile(role, version)}`, bytes);
    await signOnline({
      snapshot: ({ meta }) => {
        meta[`${role}.json`] = metaOf(version, bytes);
      },
    });
  }

  return {
    system,
    disk,
    now_ms: ground.now_ms,
    signedBy,
    read,
    write,
    sign,
    signOnline,
    lead: async (role, signed) => leadTo(role, signed.version, await sign(role, signed)),
    leadTo,
    async list(signed, path, bytes, custom) {
      const digest = digestOf(sha256, bytes);
      signed.targets[path] = { length: bytes.length, hashes: { sha256: digest }, ...(custom ? { custom } : {}) };
      const file = targetFile({ path, sha256: digest });
      await disk.makeFolder(`${repository_folder}/${file.slice(0, file.lastIndexOf('/'))}`);
      await write(file, bytes);
    },
  };
}

/** By its name in `metadata/`. */
export async function newestFile(disk: Disk, role: string): Promise<string> {
  if (role === 'timestamp') return 'timestamp.json';
  const versions = ((await disk.list(`${repository_folder}/metadata`)) ?? []).flatMap((file) => {
    return file.endsWith(`.${role}.json`) ? [Number(file.slice(0, file.indexOf('.')))] : [];
  });
  return metadataFile(role, Math.max(...versions));
}

async function retiredKeys(disk: Disk, role: Role, counting: readonly string[]): Promise<readonly string[]> {
  const retired: string[] = [];
  for (const name of (await disk.list(keys.folder)) ?? []) {
    const bytes = await disk.read(`${keys.folder}/${name}`, file_bytes_max);
    const file: { role: string; key_id: string } = JSON.parse(new TextDecoder().decode(bytes));
    if (file.role === role && !counting.includes(file.key_id)) retired.push(file.key_id);
  }
  return retired;
}

/** Signed by all of these keys. */
function envelope(signed: Signed, key_ids: readonly string[], keyring: Keyring): Uint8Array {
  const bytes = new TextEncoder().encode(canonicalJson(signed));
  const signatures = key_ids.map((keyid) => ({ keyid, sig: keyring.sign(keyid, bytes) }));
  return new TextEncoder().encode(JSON.stringify({ signatures, signed }));
}

function metaOf(version: number, bytes: Uint8Array): FileMeta {
  return { version, length: bytes.length, hashes: { sha256: digestOf(sha256, bytes) } };
}

export function parse(bytes: Uint8Array): { signatures: { keyid: string; sig: string }[]; signed: Signed } {
  return JSON.parse(new TextDecoder().decode(bytes));
}
