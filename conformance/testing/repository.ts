/**
 * A TUF repository in memory whose publisher can write and sign anything. Each role has a body that a test may change as it
 * likes; `publish` signs what the body says. Every version that was published stays.
 */

import { createHash } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { type KeyJson, makeSigner, type Signer } from './signer.ts';

type Body = {
  _type: string;
  spec_version: string;
  version: number;
  expires: string;
  /** Whatever else a publisher writes into it. */
  [field: string]: unknown;
};
type KeySet = { keyids: string[]; threshold: number };
export type FileMeta = { version: number; length?: number; hashes?: { sha256: string } };
export type RootBody = Body & {
  consistent_snapshot: boolean;
  keys: { [keyid: string]: KeyJson };
  roles: { [role: string]: KeySet };
};
export type Delegation = KeySet & {
  name: string;
  terminating: boolean;
  paths?: string[];
  path_hash_prefixes?: string[];
};
export type TargetsBody = Body & {
  targets: { [path: string]: { length: number; hashes: { [algorithm: string]: string } } };
  delegations?: {
    keys: { [keyid: string]: KeyJson };
    roles?: Delegation[];
    succinct_roles?: KeySet & { bit_length: number; name_prefix: string };
  };
};
export type MetaBody = Body & { meta: { [file: string]: FileMeta } };

export type Repository = {
  readonly root: RootBody;
  readonly timestamp: MetaBody;
  readonly snapshot: MetaBody;
  readonly targets: TargetsBody;
  /** Bodies of delegated roles. */
  readonly delegated: Map<string, TargetsBody>;
  /** Who signs each role, right or wrong. */
  readonly signers: Map<string, Signer[]>;
  /** Whether `publish` writes lengths and digests of the files into snapshot and timestamp. */
  hashes: boolean;
  /** What is served, by the path of the URL as it is sent. */
  readonly files: Map<string, Uint8Array>;
  /**
   * Signs what the bodies of these roles say, in this order, as their next versions, and enters those of targets into the
   * snapshot and that of the snapshot into the timestamp.
   */
  publish(...roles: string[]): void;
  /** The same without new versions. */
  publishAgain(...roles: string[]): void;
  /** Gives a role so many new keys in place of its own. */
  rotate(role: string, count?: number): void;
  addArtifact(role: string, path: string, content: string): void;
  delegate(delegator: string, delegation: Partial<Delegation> & { readonly name: string }): TargetsBody;
};

const day_ms = 86_400_000;

/** In whole days from now. */
export function inDays(days: number): string {
  return `${new Date(Date.now() + days * day_ms).toISOString().slice(0, 19)}Z`;
}

/** With version 1 of every top-level role, and one Ed25519 key for each. */
export function openRepository(): Repository {
  const common = { spec_version: '1.0.31', version: 0, expires: inDays(30) };
  const root: RootBody = { _type: 'root', ...common, consistent_snapshot: true, keys: {}, roles: {} };
  const timestamp: MetaBody = { _type: 'timestamp', ...common, meta: {} };
  const snapshot: MetaBody = { _type: 'snapshot', ...common, meta: {} };
  const targets: TargetsBody = { _type: 'targets', ...common, targets: {} };
  const delegated = new Map<string, TargetsBody>();
  const signers = new Map<string, Signer[]>();
  const files = new Map<string, Uint8Array>();

  function targetsOf(role: string): TargetsBody {
    const body = role === 'targets' ? targets : delegated.get(role);
    if (!body) throw new Error(`there is no role ${role}`);
    return body;
  }

  function bodyOf(role: string): Body {
    if (role === 'root') return root;
    if (role === 'timestamp') return timestamp;
    return role === 'snapshot' ? snapshot : targetsOf(role);
  }

  function signAndServe(role: string): void {
    const body = bodyOf(role);
    const signedBytes = Buffer.from(canonicalize(body));
    const signatures = (signers.get(role) ?? []).map((signer) => ({
      keyid: signer.keyid,
      sig: signer.sign(signedBytes),
    }));
    const bytes = Buffer.from(JSON.stringify({ signatures, signed: body }));
    const name = encodeURIComponent(role);
    if (role !== 'timestamp') files.set(`/metadata/${body.version}.${name}.json`, bytes);
    if (role !== 'root') files.set(`/metadata/${name}.json`, bytes);
    const meta: FileMeta = {
      version: body.version,
      ...(repository.hashes ? { length: bytes.length, hashes: { sha256: digest(bytes) } } : {}),
    };
    if (role === 'snapshot') timestamp.meta = { 'snapshot.json': meta };
    else if (role !== 'root' && role !== 'timestamp') snapshot.meta[`${role}.json`] = meta;
  }

  const repository: Repository = {
    root,
    timestamp,
    snapshot,
    targets,
    delegated,
    signers,
    hashes: false,
    files,
    publish(...roles) {
      for (const role of roles) {
        bodyOf(role).version += 1;
        signAndServe(role);
      }
    },
    publishAgain(...roles) {
      for (const role of roles) signAndServe(role);
    },
    rotate(role, count = 1) {
      const fresh = Array.from({ length: count }, () => makeSigner());
      for (const { keyid, key } of fresh) root.keys[keyid] = key;
      root.roles[role] = { keyids: fresh.map(({ keyid }) => keyid), threshold: count };
      signers.set(role, fresh);
    },
    addArtifact(role, path, content) {
      const bytes = Buffer.from(content);
      const sha256 = digest(bytes);
      targetsOf(role).targets[path] = { length: bytes.length, hashes: { sha256 } };
      const [folder, name] = splitPath(path);
      files.set(`/targets/${folder}${sha256}.${name}`, bytes);
      files.set(`/targets/${folder}${name}`, bytes);
    },
    delegate(delegator, delegation) {
      const { name } = delegation;
      const signer = makeSigner();
      signers.set(name, [...(signers.get(name) ?? []), signer]);
      const from = targetsOf(delegator);
      const { keys, roles = [] } = from.delegations ?? { keys: {} };
      const paths = delegation.path_hash_prefixes ? {} : { paths: ['*'] };
      const added = { keyids: [signer.keyid], threshold: 1, terminating: false, ...paths, ...delegation };
      from.delegations = { keys: { ...keys, [signer.keyid]: signer.key }, roles: [...roles, added] };
      const body = delegated.get(name) ?? { _type: 'targets', ...common, targets: {} };
      delegated.set(name, body);
      return body;
    },
  };
  for (const role of ['root', 'timestamp', 'snapshot', 'targets']) repository.rotate(role);
  repository.publish('root', 'targets', 'snapshot', 'timestamp');
  return repository;
}

export function digest(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function splitPath(path: string): readonly [string, string] {
  const parts = path.split('/').map(encodeURIComponent);
  const name = parts.pop() ?? '';
  return [parts.map((part) => `${part}/`).join(''), name];
}
