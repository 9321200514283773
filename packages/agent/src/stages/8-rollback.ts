/**
 * Stage 8, roll back: program and data go back to what they were. Every step may be repeated, and in the same order:
 * `resume` comes here again when the power went away in the middle.
 */

import type { Failure, LostWrites, ReleaseRef, UpdateInFlight } from '@kedge/core/journal';
import { databasesOf, planDown } from '@kedge/core/migration-plan';
import { removeTree } from '@kedge/trust/atomic-file';
import { appliedMigrations } from '../apply/2-migrate.ts';
import { backupFolder, dropBackup } from '../backups.ts';
import { type Device, timeText } from '../device.ts';
import { firstCode, isOfTheDevice, isOutOfSpace, sentenceOf } from '../failure.ts';
import { readInstalled } from '../installed.ts';
import { type Complete, inFlight, type RollingBack } from '../journal/journal.ts';
import { forgetManifest, localRelease } from '../local-release.ts';
import type { Data, LocalRelease } from '../ports.ts';
import { startInstalled } from '../start-installed.ts';
import { noteTrouble } from '../trouble.ts';
import { dataParts } from './5-prepare.ts';

type Undone = { readonly update: UpdateInFlight; readonly failure: Failure };

/**
 * From any failed state, also from the middle of a roll back: what was only staged is dropped, anything later is undone.
 * The app of the release that is gone back to runs on return.
 */
export async function rollback(device: Device, undone: Undone): Promise<Complete> {
  try {
    return await takeBack(device, undone);
  } catch (error) {
    if (!isOutOfSpace(error)) throw error;
    // A full disk must not bar the way back: what was downloaded makes room for the journal, and can be had again.
    await removeTree(device.disk, device.paths.downloads);
    return takeBack(device, undone);
  }
}

async function takeBack(device: Device, { update, failure }: Undone): Promise<Complete> {
  const { failed_in } = failure;
  const reading = await device.journal.read();
  const reached = reading.kind === 'read' && reading.value.id === update.id ? reading.value : undefined;
  if (reached?.kind === 'COMPLETE' || reached?.kind === 'ROLLING_BACK') await device.journal.keep();
  if (reached?.kind === 'COMPLETE') return tidyUp(device, reached);
  if (reached?.kind === 'ROLLING_BACK') return tidyUp(device, await goBack(device, reached));
  if (failed_in === 'STAGING' || failed_in === 'STAGED') return drop(device, update, failure, failed_in);
  const before = failed_in === 'UNKNOWN' ? null : failed_in;
  const record: RollingBack = { kind: 'ROLLING_BACK', ...update, failure, lost_writes: null };
  return tidyUp(device, await goBack(device, await device.journal.record(before, 'fail', record)));
}

/**
 * Only once the journal says COMPLETE: until then the way back may have to be gone again, and needs the release that is
 * left, its scripts and the backup.
 */
export async function tidyUp(device: Device, record: Complete): Promise<Complete> {
  await startInstalled(device);
  await forgetRelease(device, record);
  return record;
}

/** The app never stopped: only the new tree goes. */
async function drop(
  device: Device,
  update: UpdateInFlight,
  failure: Failure,
  before: 'STAGING' | 'STAGED',
): Promise<Complete> {
  await noteTrouble(device, update, failure);
  await forgetRelease(device, update);
  return device.journal.record(before, 'drop', complete(update, 'dropped', failure, null));
}

/** @param record as it stands in the journal */
async function goBack(device: Device, record: RollingBack): Promise<Complete> {
  const { deployer, service, journal, memory, clock } = device;
  const { from, failure } = record;
  await service.stop();
  const lost_writes = await takeDataBack(device, record);
  await deployer.switchTo(from?.version);
  if (failure.failed_in === 'COMPLETE' && from) {
    await memory.installed.write({ current: from, previous: null, backup: null, since: timeText(clock.now_ms()) });
  }
  await deployer.setPrevious(await previousOf(device, from));
  await noteTrouble(device, record, failure);
  // The app starts after this, not before: a restore that is repeated must not meet writes of the old release.
  return journal.record('ROLLING_BACK', 'rolled_back', complete(inFlight(record), 'rolled_back', failure, lost_writes));
}

/** The way back from the release that is gone back to, as far as it is still there. */
async function previousOf(device: Device, from: ReleaseRef | null): Promise<string | undefined> {
  const installed = await readInstalled(device);
  const previous = installed?.current.version === from?.version ? installed?.previous?.version : undefined;
  return (await device.deployer.versions()).find((version) => version === previous);
}

/** Down migrations keep what was written since; the backup is for when there is no way down. */
async function takeDataBack(device: Device, record: RollingBack): Promise<LostWrites | null> {
  const { backup, to, from } = record;
  const left = await localRelease(device, to).catch(() => undefined);
  const kept = from ? await localRelease(device, from) : undefined;
  if (!record.lost_writes) {
    const problem = left ? await migrateDown(device.data, left, kept) : 'the manifest of the failed release is gone';
    if (problem === undefined) return from ? null : writesOfFirst(device, record);
    await device.log.append('no_way_down', { version: to.version, problem });
  }
  if (!backup) return null;
  const lost_writes = record.lost_writes ?? { from: backup.taken_at, until: timeText(device.clock.now_ms()) };
  await device.journal.amend({ ...record, lost_writes });
  try {
    await device.data.restore(dataParts(kept, left), backupFolder(device, backup.id));
    return lost_writes;
  } catch (error) {
    // A device in trouble is tried again. A damaged backup stays so, and must not keep the app down for ever.
    if (isOfTheDevice(error)) throw error;
    await device.log.append('backup_unusable', { backup: backup.id, problem: sentenceOf(error) });
    return null;
  }
}

/** A first install that is undone leaves nothing, so what its app was told while it was validated is gone. */
function writesOfFirst({ clock }: Device, { started_at, failure }: RollingBack): LostWrites | null {
  const hasRun = ['SWITCHED', 'VALIDATING', 'UNKNOWN'].includes(failure.failed_in);
  return hasRun ? { from: started_at, until: timeText(clock.now_ms()) } : null;
}

/** Undefined when the data is as `kept` needs it; else why it could not be brought there. */
async function migrateDown(data: Data, left: LocalRelease, kept?: LocalRelease): Promise<string | undefined> {
  const target = kept?.manifest.migrations ?? [];
  const databases = databasesOf([...left.manifest.migrations, ...target]);
  try {
    const plan = planDown(await appliedMigrations(data, databases), target, left.manifest.migrations);
    if (plan.kind === 'no_way_down') return `migration ${plan.id} of ${plan.database} has no way down`;
    for (const migration of plan.undo) await data.migrateDown(migration, left);
    return undefined;
  } catch (error) {
    // A device that is short of something can do it later, with every row. What a disk cannot read any more, it never will.
    if (isOfTheDevice(error) && firstCode(error) !== 'EIO') throw error;
    return sentenceOf(error);
  }
}

async function forgetRelease(device: Device, update: UpdateInFlight): Promise<void> {
  await device.deployer.drop(update.to.version);
  await forgetManifest(device, update.to.version);
  if (update.backup) await dropBackup(device, update.backup.id);
}

function complete(
  update: UpdateInFlight,
  outcome: 'dropped' | 'rolled_back',
  failure: Failure,
  lost_writes: LostWrites | null,
): Complete {
  return { kind: 'COMPLETE', ...inFlight(update), outcome, failure, lost_writes, reported: false };
}
