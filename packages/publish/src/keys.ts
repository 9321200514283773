/** The repository's keys: made, replaced, taken back. */

import {
  type DelegatedRole,
  delegatedRoleNames,
  delegatedRoles,
  isTopRole,
  type Role,
  roleNames,
  termsOf,
  topRoleNames,
} from '@kedge/trust/roles';
import { type Key, Root, Targets } from '@tufjs/models';
import { Delegations } from '@tufjs/models/dist/delegations.js';
import { DelegatedRole as Delegation, Role as KeySet } from '@tufjs/models/dist/role.js';
import { type Change, commit, specVersion } from './commit.ts';
import { type KeyPlace, type KeyPorts, keyFileName, makeKeys, readKeyring } from './keyring.ts';
import { expiryOf, instantOf } from './lifetime.ts';
import { Refused } from './refused.ts';
import { readRepository, roleOf } from './repository.ts';
import { takeUpRepository } from './shown-file.ts';
import { nextTargets } from './targets.ts';
import { revocationChange } from './yank.ts';

/**
 * Makes every key and an empty repository signed with them. `metadata/1.root.json` is what devices are given.
 * @throws Refused when either folder is in use
 */
export async function initRepository(ports: KeyPorts, keys: KeyPlace, folder: string): Promise<void> {
  for (const used of [keys.folder, `${folder}/metadata`]) {
    if ((await ports.disk.list(used))?.length) {
      throw new Refused(`${used} is not empty: name another folder, or remove what an interrupted init left there`);
    }
  }
  const made = new Map<Role, readonly Key[]>();
  for (const role of roleNames) made.set(role, await makeKeys(ports, keys, role, termsOf(role).key_count));
  const now_ms = ports.clock.now_ms();
  const nothing = new Targets({ version: 0, specVersion, expires: instantOf(now_ms) });
  const list = { format: 'kedge-revocations/1', sequence: 1, issued_at: instantOf(now_ms), entries: [] } as const;
  const revocations = revocationChange(ports, list, nothing);
  const change: Change = {
    root: firstRoot(made, now_ms),
    targets: nextTargets('targets', nothing, now_ms, { delegations: firstDelegations(made) }),
    roles: new Map([
      ...delegatedRoleNames.map((role) => [role, nextTargets(role, nothing, now_ms)] as const),
      ...revocations.roles,
    ]),
    files: revocations.files,
  };
  await commit(ports, await readKeyring(ports.disk, keys), { folder }, change);
}

/** By the names of their files. Those that are retired may be thrown away, best after a look at the repository. */
export type Replaced = { readonly role: Role; readonly made: readonly string[]; readonly retired: readonly string[] };

/** Replaces all keys of a role. @throws Refused */
export async function rotateRole(ports: KeyPorts, keys: KeyPlace, folder: string, role: Role): Promise<Replaced> {
  return replaceKeys(ports, keys, folder, role, () => true);
}

/**
 * Replaces one key wherever it counts. After a theft of the timestamp's or the snapshot's key this also frees devices
 * that were led to far-off versions. @throws Refused when no role has the key
 */
export async function revokeKey(ports: KeyPorts, keys: KeyPlace, folder: string, key_id: string): Promise<Replaced> {
  const { root, targets } = await readRepository(ports.disk, folder);
  const role = roleNames.find((role) => keySetOf(root.signed, targets.signed, role).keyIDs.includes(key_id));
  if (!role) throw new Refused(`no role has the key ${key_id}: "kedge keys list" shows those that count`);
  return replaceKeys(ports, keys, folder, role, (id) => id === key_id);
}

/** A role's keys that count now. */
export async function listKeys(
  ports: Pick<KeyPorts, 'disk'>,
  folder: string,
): Promise<readonly { readonly role: Role; readonly threshold: number; readonly key_ids: readonly string[] }[]> {
  const { root, targets } = await readRepository(ports.disk, folder);
  return roleNames.map((role) => {
    const { threshold, keyIDs } = keySetOf(root.signed, targets.signed, role);
    return { role, threshold, key_ids: keyIDs };
  });
}

async function replaceKeys(
  ports: KeyPorts,
  place: KeyPlace,
  folder: string,
  role: Role,
  isReplaced: (key_id: string) => boolean,
): Promise<Replaced> {
  const repository = await takeUpRepository(ports.disk, folder);
  const old = keySetOf(repository.root.signed, repository.targets.signed, role);
  const replaced = old.keyIDs.filter(isReplaced);
  const kept = old.keyIDs.filter((key_id) => !isReplaced(key_id));
  const made = await makeKeys(ports, place, role, replaced.length);
  const keyIDs = [...kept, ...made.map((key) => key.keyID)];
  const now_ms = ports.clock.now_ms();
  const change: Change = isTopRole(role)
    ? {
        root: rootWith(repository.root.signed, role, keyIDs, made, now_ms),
        ...(role === 'targets' ? { targets: nextTargets('targets', repository.targets.signed, now_ms) } : {}),
        renew_snapshot: role === 'snapshot',
      }
    : {
        targets: nextTargets('targets', repository.targets.signed, now_ms, {
          delegations: delegationsWith(repository.targets.signed, role, keyIDs, made),
        }),
        roles: new Map([[role, nextTargets(role, roleOf(repository, role).signed, now_ms)]]),
      };
  await commit(ports, await readKeyring(ports.disk, place), repository, change);
  return {
    role,
    made: made.map((key) => keyFileName(role, key.keyID)),
    retired: replaced.map((key_id) => keyFileName(role, key_id)),
  };
}

function rootWith(root: Root, role: Role, keyIDs: string[], made: readonly Key[], now_ms: number): Root {
  const roles = { ...root.roles, [role]: new KeySet({ keyIDs, threshold: termsOf(role).threshold }) };
  return new Root({
    version: root.version + 1,
    specVersion,
    expires: expiryOf('root', now_ms),
    consistentSnapshot: true,
    keys: keysInUse([...Object.values(root.keys), ...made], Object.values(roles)),
    roles,
  });
}

function delegationsWith(targets: Targets, role: DelegatedRole, keyIDs: string[], made: readonly Key[]): Delegations {
  const roles = { ...targets.delegations?.roles, [role]: delegation(role, keyIDs) };
  const keys = [...Object.values(targets.delegations?.keys ?? {}), ...made];
  return new Delegations({ roles, keys: keysInUse(keys, Object.values(roles)) });
}

function firstRoot(made: ReadonlyMap<Role, readonly Key[]>, now_ms: number): Root {
  const roles = Object.fromEntries(
    topRoleNames.map((role) => [role, new KeySet({ keyIDs: idsOf(made, role), threshold: termsOf(role).threshold })]),
  );
  return new Root({
    version: 1,
    specVersion,
    expires: expiryOf('root', now_ms),
    consistentSnapshot: true,
    keys: keysInUse([...made.values()].flat(), Object.values(roles)),
    roles,
  });
}

function firstDelegations(made: ReadonlyMap<Role, readonly Key[]>): Delegations {
  const roles = Object.fromEntries(delegatedRoleNames.map((role) => [role, delegation(role, idsOf(made, role))]));
  return new Delegations({ roles, keys: keysInUse([...made.values()].flat(), Object.values(roles)) });
}

function delegation(role: DelegatedRole, keyIDs: string[]): Delegation {
  const { threshold, paths } = delegatedRoles[role];
  return new Delegation({ name: role, keyIDs, threshold, terminating: true, paths: [...paths] });
}

function keySetOf(root: Root, targets: Targets, role: Role): KeySet {
  const found = isTopRole(role) ? root.roles[role] : targets.delegations?.roles?.[role];
  if (!found) throw new Refused(`the repository has no role ${role}`);
  return found;
}

function keysInUse(keys: readonly Key[], roles: readonly KeySet[]): Record<string, Key> {
  const used = new Set(roles.flatMap((role) => role.keyIDs));
  return Object.fromEntries(keys.filter((key) => used.has(key.keyID)).map((key) => [key.keyID, key]));
}

function idsOf(made: ReadonlyMap<Role, readonly Key[]>, role: Role): string[] {
  return (made.get(role) ?? []).map((key) => key.keyID);
}
