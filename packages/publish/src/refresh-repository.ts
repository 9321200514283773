/** The daily signature: says that what the repository holds is still what its publisher means. */

import type { Clock, Disk, Sha256 } from '@kedge/core/ports';
import { type DelegatedRole, delegatedRoleNames, type Role, topRoleNames } from '@kedge/trust/roles';
import { Root, type Targets } from '@tufjs/models';
import { type Change, commit, specVersion } from './commit.ts';
import type { Keyring } from './keyring.ts';
import { expiryOf, isCloseToExpiry } from './lifetime.ts';
import { type Repository, roleOf } from './repository.ts';
import { takeUpRepository } from './shown-file.ts';
import { nextTargets } from './targets.ts';

export type Refreshed = {
  readonly signed: readonly Role[];
  /** Close to expiry, and their keys are not here: sign them before that day, or devices stop updating. */
  readonly left: readonly { readonly role: Role; readonly expires: string }[];
};

/** Signs the timestamp, and every role in the last third of its lifetime whose keys are at hand. @throws Refused */
export async function refreshRepository(
  ports: { readonly disk: Disk; readonly clock: Clock; readonly sha256: Sha256 },
  keyring: Keyring,
  folder: string,
): Promise<Refreshed> {
  const repository = await takeUpRepository(ports.disk, folder);
  const now_ms = ports.clock.now_ms();
  const due = [...topRoleNames, ...delegatedRoleNames]
    .filter((role) => role !== 'timestamp')
    .map((role) => ({ role, expires: signedOf(repository, role).expires }))
    .filter(({ role, expires }) => isCloseToExpiry(role, expires, now_ms));
  const signed = due.map(({ role }) => role).filter((role) => canSign(keyring, repository, role));
  await commit(ports, keyring, repository, renewal(repository, new Set(signed), now_ms));
  return {
    signed: [...signed, 'timestamp'],
    left: due.filter(({ role }) => !signed.includes(role)),
  };
}

function renewal(repository: Repository, due: ReadonlySet<Role>, now_ms: number): Change {
  const roles = new Map<DelegatedRole, Targets>();
  for (const role of delegatedRoleNames) {
    if (due.has(role)) roles.set(role, nextTargets(role, roleOf(repository, role).signed, now_ms));
  }
  return {
    ...(due.has('root') ? { root: nextRoot(repository.root.signed, now_ms) } : {}),
    ...(due.has('targets') ? { targets: nextTargets('targets', repository.targets.signed, now_ms) } : {}),
    ...(roles.size > 0 ? { roles } : {}),
    renew_snapshot: due.has('snapshot'),
  };
}

function nextRoot({ version, keys, roles }: Root, now_ms: number): Root {
  const expires = expiryOf('root', now_ms);
  return new Root({ version: version + 1, specVersion, expires, consistentSnapshot: true, keys, roles });
}

function canSign(keyring: Keyring, { root, targets }: Repository, role: Role): boolean {
  const keySet = root.signed.roles[role] ?? targets.signed.delegations?.roles?.[role];
  return keySet !== undefined && keySet.keyIDs.filter((id) => keyring.key_ids.has(id)).length >= keySet.threshold;
}

function signedOf(repository: Repository, role: Role): { readonly expires: string } {
  switch (role) {
    case 'root':
    case 'targets':
    case 'snapshot':
    case 'timestamp':
      return repository[role].signed;
    default:
      return roleOf(repository, role).signed;
  }
}
