/** Stage 1, discover: many ways to learn that it is worth a look, one way to learn what is true, the signed metadata. */

import { releaseChannels } from '@kedge/core/channel';
import type { Candidate } from '@kedge/core/evaluate';
import type { RevocationList } from '@kedge/core/revocation';
import { readCandidates } from '@kedge/trust/candidates';
import { type Refresh, refresh } from '@kedge/trust/refresh';
import { readTrusted, type Trusted } from '@kedge/trust/trusted';
import { build_time_ms } from '../build.ts';
import type { Device } from '../device.ts';
import { readInstalled } from '../installed.ts';
import { nothing, recall } from '../memory.ts';
import { type Ended, ended } from '../report.ts';

/** Why this device looks now. Nothing that it says is believed but that it is worth a look. */
export type Occasion = {
  readonly kind: 'start' | 'schedule' | 'asked' | 'nudge' | 'broadcast' | 'dns';
  /** The version that a person wants now. */
  readonly wanted: string | null;
};

export type Found = {
  readonly kind: 'found';
  /** Newer than the installed one, newest first. */
  readonly releases: readonly Candidate[];
  readonly revocations: RevocationList | null;
  readonly revocations_checked_ms: number | null;
  /** The newest of the clock, the build and the last trusted timestamp: a device need not have a clock. */
  readonly now_ms: number;
  readonly wanted: { readonly version: string } | null;
  /** Newer releases that are signed, and that no source gives: a line each. */
  readonly withheld: readonly string[];
  readonly problems: readonly string[];
};

/** It ends where no source could be reached or believed: what was trusted before stays, and nothing is installed. */
export async function discover(device: Device, occasion: Occasion): Promise<Found | Ended> {
  await device.log.append('look', { occasion: occasion.kind });
  const refreshed = await refreshTrust(device);
  if (refreshed.kind === 'blocked') {
    const [kind, obstacle] = isHostile(refreshed.reason)
      ? (['refused', null] as const)
      : (['blocked', 'unreachable'] as const);
    return ended({ kind, stage: 'discover', reasons: [refreshed.detail], obstacle });
  }
  const trusted = await readTrust(device);
  const installed = await readInstalled(device);
  const { candidates, withheld, problems } = await readCandidates({
    ...device,
    folder: device.paths.trust,
    sources: device.config.repository,
    releases: trusted.releases,
    product: device.config.product,
    counter_above: installed?.current.counter ?? 0,
  });
  const checked_ms = trusted.signed_at === null ? null : Date.parse(trusted.signed_at);
  return {
    kind: 'found',
    releases: candidates,
    revocations: trusted.revocations,
    revocations_checked_ms: checked_ms,
    now_ms: Math.max(device.clock.now_ms(), build_time_ms, checked_ms ?? 0),
    wanted: occasion.wanted === null ? null : { version: occasion.wanted },
    withheld,
    problems: [...trusted.problems, ...problems],
  };
}

export async function refreshTrust(device: Device): Promise<Refresh> {
  return refresh({
    ...device,
    folder: device.paths.trust,
    sources: device.config.repository,
    initial_root: device.initial_root,
    build_time_ms,
    channels: releaseChannels(await followedChannel(device)),
  });
}

export async function readTrust(device: Device): Promise<Trusted> {
  const channels = releaseChannels(await followedChannel(device));
  return readTrusted({ ...device, folder: device.paths.trust, channels });
}

/** What the owner chose stands above what is configured. */
export async function followedChannel({ memory, config }: Pick<Device, 'memory' | 'config'>) {
  return (await recall(memory.owner, nothing.owner)).channel ?? config.channel;
}

/** Somebody answered, and with what must not be believed. The rest is weather. */
function isHostile(reason: (Refresh & { readonly kind: 'blocked' })['reason']): boolean {
  return reason === 'bad_signature' || reason === 'rolled_back' || reason === 'mismatch';
}
