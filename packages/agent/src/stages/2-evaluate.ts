/** Stage 2, evaluate: gathers the facts of this device; the decision itself is the pure function in core. */

import { type Candidate, type Decision, type Device as DeviceFacts, evaluate as decide } from '@kedge/core/evaluate';
import { explain, explainDecision } from '@kedge/core/explain';
import type { Artifact, DataPart } from '@kedge/core/manifest';
import type { Disk } from '@kedge/core/ports';
import { agent_version } from '../build.ts';
import { type Device, timeText } from '../device.ts';
import { readInstalled } from '../installed.ts';
import { localRelease } from '../local-release.ts';
import { nothing, recall } from '../memory.ts';
import { type Ended, ended, type Result } from '../report.ts';
import type { Found } from './1-discover.ts';

export type Chosen = {
  readonly kind: 'chosen';
  readonly release: Candidate;
  readonly artifact: Artifact;
  /** By the clock that was believed then; see `Found`. */
  readonly chosen_at_ms: number;
  /** Whether it is only to be installed while a maintenance window is open. */
  readonly needs_window: boolean;
  /** Sentences: why this one, and why now. */
  readonly because: readonly string[];
};

/** The vendor withdrew what is installed, and there is nothing newer to go to. */
export type Withdrawn = { readonly kind: 'withdrawn'; readonly reason: string; readonly result: Result };

export async function evaluate(device: Device, found: Found): Promise<Chosen | Withdrawn | Ended> {
  const decision = decide(await factsOf(device, found), found.releases, device.config.policy, found.now_ms);
  if (decision.kind === 'apply_now' || decision.kind === 'proceed') {
    const { release, artifact } = decision;
    return {
      kind: 'chosen',
      release,
      artifact,
      chosen_at_ms: found.now_ms,
      needs_window: decision.kind === 'proceed',
      because: explainDecision(decision),
    };
  }
  const result = { ...resultOf(decision), warnings: [...found.withheld, ...found.problems] };
  const revoked = decision.reasons.find((reason) => reason.kind === 'installed_revoked');
  if (revoked && !('release' in decision)) return { kind: 'withdrawn', reason: explain(revoked), result };
  return ended(decision.kind === 'skip' && found.withheld.length > 0 ? withheldFrom(found) : result);
}

/** Nothing newer can be had, and there is something newer: a mirror that keeps it back must not look like one that has nothing. */
function withheldFrom({ withheld, problems }: Found): Result {
  return { kind: 'blocked', stage: 'evaluate', obstacle: 'unreachable', reasons: withheld, warnings: problems };
}

function resultOf(decision: Decision): Result {
  const to = 'release' in decision ? decision.release.manifest.version : null;
  const obstacle = decision.reasons.some(({ kind }) => kind === 'disk_too_full') ? 'no_space' : null;
  const result = { stage: 'evaluate', to, obstacle, reasons: explainDecision(decision) } as const;
  switch (decision.kind) {
    case 'skip':
      return { kind: 'up_to_date', ...result };
    case 'refuse':
      return { kind: 'refused', ...result };
    case 'defer': {
      const { until_ms } = decision;
      return { kind: 'waiting', ...result, waits_until: until_ms === null ? null : timeText(until_ms) };
    }
    default:
      return { kind: 'waiting', ...result };
  }
}

async function factsOf(device: Device, found: Found): Promise<DeviceFacts> {
  const { config, machine, memory, disk } = device;
  const installed = await readInstalled(device);
  const owner = await recall(memory.owner, nothing.owner);
  const release = installed ? await localRelease(device, installed.current) : undefined;
  return {
    product: config.product,
    platform: machine.platform,
    hardware: config.hardware,
    agent_version,
    ram_bytes: machine.ram_bytes,
    disk_free_bytes: await disk.freeSpace(config.folder),
    backup_bytes: await dataSize(disk, config.data, release?.manifest.data ?? []),
    runtimes: machine.runtimes,
    installed: installed?.current ?? null,
    channel: owner.channel ?? config.channel,
    pins: (await recall(memory.trouble, nothing.trouble)).pins,
    revocations: found.revocations,
    revocations_checked_ms: found.revocations_checked_ms,
    consents: owner.consents,
    wanted: found.wanted,
  };
}

async function dataSize(disk: Disk, folder: string, parts: readonly DataPart[]): Promise<number> {
  let size_bytes = 0;
  for (const { path } of parts) size_bytes += await treeSize(disk, `${folder}/${path}`);
  return size_bytes;
}

async function treeSize(disk: Disk, path: string): Promise<number> {
  const entry = await disk.stat(path);
  if (entry?.kind === 'file') return entry.size_bytes;
  if (entry?.kind !== 'folder') return 0;
  let size_bytes = 0;
  for (const name of (await disk.list(path)) ?? []) size_bytes += await treeSize(disk, `${path}/${name}`);
  return size_bytes;
}
