/**
 * Trust never goes back: no role to a lower version, nor the list of revoked releases to a lower sequence, in the metadata
 * or in the floor beside it. A role whose keys were replaced begins anew (TUF 5.3.11), timestamp and snapshot together.
 * A role whose file cannot be read is fetched again, and trusted for nothing until then: the floor must still know it.
 */

import type { Device } from '@kedge/agent/device';
import { type Floor, noFloor, readFloor } from '@kedge/trust/floor';
import { before_all_expiry_ms, readSet } from '@kedge/trust/metadata-set';
import { readRevocations } from '@kedge/trust/revocations';
import { trustedRoots } from '@kedge/trust/root';
import { seenBy } from '@kedge/trust/seen';

export type TrustWatch = {
  /** Undefined: nothing has gone back. `isDurable`: what is found now is what must not be undercut later. */
  look(device: Device, isDurable: boolean): Promise<string | undefined>;
};

type Seen = Floor['roles'];

export function watchTrust(): TrustWatch {
  let [floorBefore, setBefore]: readonly [Floor, Floor] = [noFloor, noFloor];
  return {
    async look(device, isDurable) {
      const place = { ...device, folder: device.paths.trust };
      const floor = await readFloor(place);
      const set = await readTrustedSet(device);
      const problem =
        goneBack('the floor', floorBefore, floor) ??
        (set ? goneBack('the metadata', setBefore, { ...set, roles: { ...floor.roles, ...set.roles } }) : undefined) ??
        (set ? aboveFloor(set, floor) : undefined);
      if (isDurable) [floorBefore, setBefore] = [floor, set ?? setBefore];
      return problem;
    },
  };
}

/** What is trusted is never newer than the floor: else it could be taken back unseen. */
function aboveFloor(set: Floor, floor: Floor): string | undefined {
  for (const [role, { version, keys_sha256 }] of Object.entries(set.roles)) {
    const kept = floor.roles[role];
    if (kept?.keys_sha256 === keys_sha256 && kept.version < version && role !== 'root') {
      return `${role} ${version} is trusted, and the floor is at ${kept.version}`;
    }
  }
  return undefined;
}

function goneBack(where: string, before: Floor, now: Floor): string | undefined {
  const replaced = replacedIn(before.roles, now.roles);
  for (const [role, { version }] of Object.entries(before.roles)) {
    const found = now.roles[role];
    if (!found) return `${where} does not know ${role} any more`;
    if (found.version < version && !replaced.has(role))
      return `${role} went back from ${version} to ${found.version} in ${where}`;
  }
  if (now.revocation_sequence < before.revocation_sequence && !replaced.has('revocations')) {
    return `the revocations went back from ${before.revocation_sequence} to ${now.revocation_sequence} in ${where}`;
  }
  return undefined;
}

/** The root's own keys do not count: its versions are a chain. */
function replacedIn(before: Seen, now: Seen): ReadonlySet<string> {
  const roles = Object.keys(before).filter(
    (role) => role !== 'root' && before[role]?.keys_sha256 !== now[role]?.keys_sha256,
  );
  const replaced = new Set(roles);
  return replaced.has('timestamp') || replaced.has('snapshot') ? replaced.add('timestamp').add('snapshot') : replaced;
}

/** As a session would find it. Undefined: there is none, or none that is whole. */
async function readTrustedSet(device: Device): Promise<Floor | undefined> {
  const { disk, sha256, initial_root, paths } = device;
  const folder = `${paths.trust}/metadata`;
  const [store] = await trustedRoots({ disk, folder: paths.trust, initial_root }, before_all_expiry_ms);
  try {
    const roles = ['stable', 'revocations'] as const;
    await readSet({ disk, folder, store, roles, now_ms: before_all_expiry_ms });
  } catch {
    return undefined;
  }
  const revocations = await readRevocations({ disk, sha256, folder: paths.trust });
  return seenBy(store, sha256, revocations?.list);
}
