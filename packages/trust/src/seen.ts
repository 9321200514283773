/** What a session has verified, in the words of the floor. */

import { isRealInstant } from '@kedge/core/instant';
import { instant } from '@kedge/core/manifest';
import type { Sha256 } from '@kedge/core/ports';
import type { RevocationList } from '@kedge/core/revocation';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { believing, Distrust } from './distrust.ts';
import { type Floor, keysDigest } from './floor.ts';
import { delegatedRoleNames, topRoleNames } from './roles.ts';

/** Before the rest is verified, the keys of the root alone are right. */
export function seenBy(store: TrustedMetadataStore, sha256: Sha256, list: RevocationList | undefined): Floor {
  const versions: Record<string, number | undefined> = {
    root: store.root.signed.version,
    timestamp: store.timestamp?.signed.version,
    snapshot: store.snapshot?.signed.version,
    targets: store.targets?.signed.version,
  };
  const roles: Record<string, Floor['roles'][string]> = {};
  for (const role of topRoleNames) {
    const keys = store.root.signed.roles[role];
    if (keys) roles[role] = { version: versions[role] ?? 1, keys_sha256: keysDigest(sha256, keys) };
  }
  for (const role of delegatedRoleNames) {
    const keys = store.targets?.signed.delegations?.roles?.[role];
    const version = store.getRole(role)?.signed.version;
    if (keys && version !== undefined) roles[role] = { version, keys_sha256: keysDigest(sha256, keys) };
  }
  return { roles, signed_at: timestampSignedAt(store), revocation_sequence: list?.sequence ?? 0 };
}

/** Our publisher says in each timestamp when it was signed; others need not. @throws Distrust */
export function timestampSignedAt({ timestamp }: TrustedMetadataStore): string | null {
  if (timestamp?.signed.unrecognizedFields['signed_at'] === undefined) return null;
  const { unrecognizedFields, expires } = timestamp.signed;
  const signed_at = believing('timestamp.json', 0, () => instant.parse(unrecognizedFields['signed_at'], 'signed_at'));
  // Else a stolen key could set every device's clock for ever.
  if (isRealInstant(signed_at) && Date.parse(signed_at) < Date.parse(expires)) return signed_at;
  throw new Distrust('malformed', `timestamp.json was signed at ${signed_at} and expires at ${expires}: it cannot be`);
}
