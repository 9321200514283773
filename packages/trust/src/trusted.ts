/** What this device has come to trust, read from its own disk: no network, and no expiry. */

import type { Channel } from '@kedge/core/channel';
import { type Infer, InvalidInput, integer, object } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import type { RevocationList } from '@kedge/core/revocation';
import { versionText } from '@kedge/core/version';
import type { TargetFile } from '@tufjs/models';
import { Distrust } from './distrust.ts';
import { readFloor } from './floor.ts';
import { before_all_expiry_ms, type MetadataSet, readSet } from './metadata-set.ts';
import { readRevocations } from './revocations.ts';
import type { DelegatedRole } from './roles.ts';
import { trustedRoots } from './root.ts';
import { type TargetRef, targetRef } from './target-file.ts';

/** Stands beside the digest in the signed metadata, so that a device can choose without reading every manifest. */
export const releaseCustom = object({ version: versionText, counter: integer({ min: 1 }) });

export type TrustedRelease = TargetRef & { readonly channel: Channel; readonly custom: Infer<typeof releaseCustom> };

export type Trusted = {
  /** Newest first. */
  readonly releases: readonly TrustedRelease[];
  /** Rollout documents. */
  readonly rollouts: readonly TargetRef[];
  readonly revocations: RevocationList | null;
  /** When the publisher last vouched for all of this. The age of the revocation list counts from here. */
  readonly signed_at: string | null;
  /** What is missing and why, a line each; the next refresh fetches it again. */
  readonly problems: readonly string[];
};

export type TrustPlace = {
  readonly disk: Disk;
  readonly sha256: Sha256;
  readonly folder: string;
  readonly initial_root: Uint8Array;
};

export async function readTrusted(place: TrustPlace & { readonly channels: readonly Channel[] }): Promise<Trusted> {
  const floor = await readFloor(place);
  const problems: string[] = [];
  const set = await readLocalSet(place, problems);
  const releasesIn = (channel: Channel): readonly TrustedRelease[] =>
    set ? understood(set, channel, problems, (target) => releaseOf(channel, target)) : [];
  return {
    releases: place.channels.flatMap(releasesIn).toSorted((a, b) => b.custom.counter - a.custom.counter),
    rollouts: set ? understood(set, 'rollouts', problems, targetRef) : [],
    revocations: await readNewestRevocations(place, floor.revocation_sequence, problems),
    signed_at: floor.signed_at,
    problems,
  };
}

/** After new roots alone have come through, the set at hand is still one of an older root. */
async function readLocalSet(
  place: TrustPlace & { readonly channels: readonly Channel[] },
  problems: string[],
): Promise<MetadataSet | undefined> {
  const now_ms = before_all_expiry_ms;
  const failures: string[] = [];
  for (const store of await trustedRoots(place, now_ms)) {
    try {
      const roles = [...place.channels, 'rollouts', 'revocations'] as const;
      const set = await readSet({ disk: place.disk, folder: `${place.folder}/metadata`, store, roles, now_ms });
      problems.push(...set.problems);
      return set;
    } catch (error) {
      if (!(error instanceof Distrust)) throw error;
      failures.push(error.message);
    }
  }
  problems.push(...failures.slice(0, 1));
  return undefined;
}

/** A target that is listed in a way that this agent does not understand is a problem, and the others stay. */
function understood<T>(
  set: MetadataSet,
  role: DelegatedRole,
  problems: string[],
  understand: (target: TargetFile) => T,
): readonly T[] {
  const found: T[] = [];
  for (const target of targetsOf(set, role)) {
    try {
      found.push(understand(target));
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof Distrust)) throw error;
      problems.push(error.message);
    }
  }
  return found;
}

function releaseOf(channel: Channel, target: TargetFile): TrustedRelease {
  return { ...targetRef(target), channel, custom: releaseCustom.parse(target.custom, target.path) };
}

/** The role's own targets alone: a name outside its paths is not the role's to give (5.6.7). */
export function targetsOf(set: MetadataSet, role: DelegatedRole): readonly TargetFile[] {
  const { delegations } = set.targets.signed;
  return Object.values(set.roles.get(role)?.signed.targets ?? {}).filter((target) => {
    const first = delegations?.rolesForTarget(target.path).next();
    return first?.done === false && first.value.role === role;
  });
}

async function readNewestRevocations(
  place: TrustPlace,
  sequence: number,
  problems: string[],
): Promise<RevocationList | null> {
  const cached = await readRevocations(place);
  if (cached && cached.list.sequence >= sequence) return cached.list;
  if (sequence > 0) problems.push(`the list of revoked releases is missing: it had sequence ${sequence}; go online`);
  return null;
}
