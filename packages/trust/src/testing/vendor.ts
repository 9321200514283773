/** A publisher who can sign anything, right or wrong: the repository is a table of files in memory. */

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { RevocationList } from '@kedge/core/revocation';
import { Key, Metadata, MetaFile, Root, Signature, Snapshot, TargetFile, Targets, Timestamp } from '@tufjs/models';
import { Delegations } from '@tufjs/models/dist/delegations.js';
import { DelegatedRole as Delegation, Role as KeySet } from '@tufjs/models/dist/role.js';
import { type DelegatedRole, delegatedRoleNames, delegatedRoles, type Role, topRoleNames } from '../roles.ts';

export type Pair = { readonly key: Key; readonly secret: KeyObject };
export type Pairs = { readonly [role in Role]: readonly Pair[] };

export function makePair(): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const hex = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  const json = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: hex } };
  return { key: Key.fromJSON(digest(Buffer.from(hex)), json), secret: privateKey };
}

/** Two keys with threshold two for root and targets, one for each other role. */
export function makePairs(): Pairs {
  const two = () => [makePair(), makePair()];
  const one = () => [makePair()];
  return {
    root: two(),
    targets: two(),
    snapshot: one(),
    timestamp: one(),
    nightly: one(),
    beta: one(),
    stable: one(),
    lts: one(),
    hotfix: one(),
    rollouts: one(),
    revocations: one(),
  };
}

export type Listed = {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly custom: { readonly [name: string]: string | number };
};

export type Edition = {
  readonly pairs: Pairs;
  /** Of every role that is not named apart. */
  readonly version: number;
  readonly versions?: { readonly [role in Role]?: number };
  readonly expires?: { readonly [role in Role]?: string };
  readonly signers?: { readonly [role in Role]?: readonly Pair[] };
  readonly signed_at?: string;
  readonly listed?: { readonly [role in DelegatedRole]?: readonly Listed[] };
  readonly revocations?: RevocationList;
};

export type Files = Map<string, Uint8Array>;

export function signRoot(
  version: number,
  pairs: Pairs,
  signers: readonly Pair[],
  expires = '2030-01-01T00:00:00Z',
): Uint8Array {
  const roles = Object.fromEntries(topRoleNames.map((role) => [role, keySet(pairs[role])]));
  const keys = Object.fromEntries(topRoleNames.flatMap((role) => pairs[role].map(({ key }) => [key.keyID, key])));
  return encode(new Root({ version, specVersion: '1.0.31', expires, consistentSnapshot: true, keys, roles }), signers);
}

/** Everything below root, into `files`. */
export function writeEdition(files: Files, edition: Edition): void {
  const meta: Record<string, MetaFile> = {};
  const versionOf = (role: Role) => edition.versions?.[role] ?? edition.version;
  const common = (role: Role) => ({
    version: versionOf(role),
    specVersion: '1.0.31',
    expires: edition.expires?.[role] ?? '2027-01-01T00:00:00Z',
  });
  const add = (role: Role, signed: Targets | Snapshot | Timestamp): MetaFile => {
    const bytes = encode(signed, edition.signers?.[role] ?? edition.pairs[role]);
    files.set(role === 'timestamp' ? 'metadata/timestamp.json' : `metadata/${versionOf(role)}.${role}.json`, bytes);
    return new MetaFile({ version: versionOf(role), length: bytes.length, hashes: { sha256: digest(bytes) } });
  };
  for (const role of delegatedRoleNames) {
    meta[`${role}.json`] = add(role, new Targets({ ...common(role), targets: listTargets(files, edition, role) }));
  }
  const keys = Object.fromEntries(
    delegatedRoleNames.flatMap((role) => edition.pairs[role].map(({ key }) => [key.keyID, key])),
  );
  const roles = Object.fromEntries(
    delegatedRoleNames.map((role) => {
      const { keyIDs, threshold } = keySet(edition.pairs[role]);
      const paths = [...delegatedRoles[role].paths];
      return [role, new Delegation({ name: role, keyIDs, threshold, terminating: true, paths })];
    }),
  );
  meta['targets.json'] = add(
    'targets',
    new Targets({ ...common('targets'), delegations: new Delegations({ keys, roles }) }),
  );
  const snapshotMeta = add('snapshot', new Snapshot({ ...common('snapshot'), meta }));
  const signed_at = edition.signed_at ?? '2026-06-01T00:00:00Z';
  add('timestamp', new Timestamp({ ...common('timestamp'), snapshotMeta, unrecognizedFields: { signed_at } }));
}

function listTargets(files: Files, edition: Edition, role: DelegatedRole): Record<string, TargetFile> {
  const listed = [...(edition.listed?.[role] ?? [])];
  if (role === 'revocations' && edition.revocations) {
    listed.push({ path: 'revocations/list.json', bytes: Buffer.from(JSON.stringify(edition.revocations)), custom: {} });
  }
  const targets: Record<string, TargetFile> = {};
  for (const { path, bytes, custom } of listed) {
    const sha256 = digest(bytes);
    files.set(`targets/${path.replace(/[^/]*$/, (name) => `${sha256}.${name}`)}`, bytes);
    targets[path] = new TargetFile({
      path,
      length: bytes.length,
      hashes: { sha256 },
      unrecognizedFields: { custom: { ...custom } },
    });
  }
  return targets;
}

function keySet(pairs: readonly Pair[]): KeySet {
  return new KeySet({ keyIDs: pairs.map(({ key }) => key.keyID), threshold: pairs.length });
}

function encode(signed: Root | Targets | Snapshot | Timestamp, signers: readonly Pair[]): Uint8Array {
  const metadata = new Metadata(signed);
  for (const { key, secret } of signers) {
    metadata.sign((bytes) => new Signature({ keyID: key.keyID, sig: sign(null, bytes, secret).toString('hex') }));
  }
  return Buffer.from(JSON.stringify(metadata.toJSON()));
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A release as `listed` takes it. */
export function listRelease(counter: number, change: { readonly [field: string]: unknown } = {}): Listed {
  const version = `1.${counter}.0`;
  const artifact = {
    platform: 'any',
    sha256: digest(Buffer.from(version)),
    length_bytes: 1,
    unpacked_bytes: 1,
    entry_count: 1,
    tree_sha256: digest(Buffer.from(version)),
  };
  const manifest = {
    format: 'kedge-manifest/1',
    product: 'anchor',
    version,
    channel: 'stable',
    counter,
    severity: 'minor',
    released_at: '2026-05-01T00:00:00Z',
    git_commit: null,
    artifacts: [artifact],
    run: { command: ['anchor'] },
    ...change,
  };
  return {
    path: `stable/anchor/${version}.json`,
    bytes: Buffer.from(JSON.stringify(manifest)),
    custom: { version, counter },
  };
}
