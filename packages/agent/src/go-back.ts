/** Going back to the previous release after the new one was committed: because a person asks, or its vendor withdrew it. */

import type { ReleaseRef, UpdateInFlight } from '@kedge/core/journal';
import { databasesOf, planDown } from '@kedge/core/migration-plan';
import { findArtifact } from '@kedge/core/platform';
import { appliedMigrations } from './apply/2-migrate.ts';
import { type Device, timeText } from './device.ts';
import { firstCode, isOfTheDevice } from './failure.ts';
import { timedId } from './id.ts';
import { readInstalled } from './installed.ts';
import { localRelease } from './local-release.ts';
import type { Report } from './report.ts';
import type { Withdrawn } from './stages/2-evaluate.ts';
import { rollback } from './stages/8-rollback.ts';
import { reportUpdate } from './stages/9-report.ts';
import { noteTrouble } from './trouble.ts';

export type WentBack =
  | { readonly kind: 'went_back'; readonly report: Report }
  /** Nothing was touched. */
  | { readonly kind: 'refused'; readonly reason: string };

export type GoingBack = {
  /** A sentence: why. */
  readonly reason: string;
  readonly fault: 'person' | 'vendor' | 'device';
  /** What was written since the last update may be given up, where there is no way to keep it. */
  readonly may_lose_writes: boolean;
};

export async function goBackToPrevious(device: Device, going: GoingBack): Promise<WentBack> {
  const installed = await readInstalled(device);
  if (!installed?.previous) {
    return { kind: 'refused', reason: 'there is no previous release on this device to go back to' };
  }
  const { current, previous, backup } = installed;
  const obstacle = await missingWayDown(device, current, previous);
  if (obstacle !== undefined && !backup) {
    return { kind: 'refused', reason: `${obstacle}, and there is no backup of the data` };
  }
  if (obstacle !== undefined && !going.may_lose_writes) {
    const loss = `going back restores the backup of ${backup?.taken_at}, and all that was written since is lost`;
    return { kind: 'refused', reason: `${obstacle}: ${loss}; say --lose-writes if that is right` };
  }
  return { kind: 'went_back', report: await leave(device, { from: previous, to: current, backup }, going) };
}

/** Back to N-1, where that loses nothing. Undefined: it could not be, and the log says why. */
export async function leaveWithdrawn(device: Device, { reason }: Withdrawn): Promise<Report | undefined> {
  const went = await goBackToPrevious(device, { reason, fault: 'vendor', may_lose_writes: false });
  if (went.kind === 'went_back') return went.report;
  await device.log.append('withdrawn_stays', { reason, problem: went.reason });
  return undefined;
}

/**
 * A person with a shell, or the guard, has pointed `current` to N-1 while no agent was at work. That is a going back: the
 * data follows where it can be migrated down, and else stays as that release has been running on it.
 */
export async function followMovedLink(device: Device): Promise<void> {
  const installed = await readInstalled(device);
  if (!installed?.previous) return;
  const live = await device.deployer.live().catch(() => undefined);
  if (live !== installed.previous.version) return;
  const reason = `${live} was made live by hand`;
  const went = await goBackToPrevious(device, { reason, fault: 'person', may_lose_writes: false });
  await device.log.append('link_moved', { to: live, data: went.kind === 'went_back' ? 'went back' : went.reason });
  if (went.kind === 'went_back') return;
  const { current: to, previous: from } = installed;
  const since = timeText(device.clock.now_ms());
  await device.memory.installed.write({ current: from, previous: null, backup: null, since });
  const update = { id: timedId(device), started_at: since, from, to, backup: null };
  await noteTrouble(device, update, { failed_in: 'COMPLETE', reason, fault: 'person' });
}

/**
 * Part of the live tree is gone: a disk that lies about what it keeps has lost it in a power cut, or fails. Back to N-1
 * where that one is complete. The data follows by down scripts that are still those of the manifest, and else stays:
 * nothing that was written is given up for a program, which can be had again.
 */
export async function leaveDamagedTree(device: Device): Promise<void> {
  const installed = await readInstalled(device);
  if (!installed || (await isComplete(device, installed.current))) return;
  const { current, previous } = installed;
  const back = previous && (await isComplete(device, previous)) ? previous : null;
  await device.log.append('tree_damaged', { version: current.version, going_back_to: back?.version ?? null });
  if (!back) return;
  const reason = `the files of ${current.version} on this device are damaged`;
  const going = { reason, fault: 'device', may_lose_writes: false } as const;
  await leave(device, { from: back, to: current, backup: null }, going);
}

async function isComplete(device: Device, release: ReleaseRef): Promise<boolean> {
  try {
    const { manifest } = await localRelease(device, release);
    const artifact = findArtifact(manifest.artifacts, device.machine.platform);
    return artifact !== undefined && (await device.deployer.isComplete(release.version, artifact));
  } catch (error) {
    // What cannot be read is no better than damaged; but a device that is short of something can read it later.
    return isOfTheDevice(error) && firstCode(error) !== 'EIO';
  }
}

/** Undefined when the data can be brought back with all that was written since. */
async function missingWayDown(device: Device, from: ReleaseRef, to: ReleaseRef): Promise<string | undefined> {
  const { migrations: left } = (await localRelease(device, from)).manifest;
  const { migrations: kept } = (await localRelease(device, to)).manifest;
  const plan = planDown(await appliedMigrations(device.data, databasesOf([...left, ...kept])), kept, left);
  return plan.kind === 'plan' ? undefined : `migration ${plan.id} has no way down`;
}

async function leave(
  device: Device,
  update: Pick<UpdateInFlight, 'from' | 'to' | 'backup'>,
  { reason, fault }: GoingBack,
): Promise<Report> {
  const complete = await rollback(device, {
    update: { id: timedId(device), started_at: timeText(device.clock.now_ms()), ...update },
    failure: { failed_in: 'COMPLETE', reason, fault },
  });
  return reportUpdate(device, complete);
}
