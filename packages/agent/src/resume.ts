/** What a start makes of an update that was cut off: one function maps every persisted state to where it goes on. */

import type { BackupRef, Failure, JournalRecord, UpdateInFlight } from '@kedge/core/journal';
import { commit } from './apply/5-commit.ts';
import { type Device, timeText } from './device.ts';
import { timeOfId } from './id.ts';
import { readInstalled } from './installed.ts';
import { type Complete, inFlight, type RollingBack } from './journal/journal.ts';
import { localRelease, refOf, refOfUnknown } from './local-release.ts';
import { validate } from './stages/7-validate.ts';
import { rollback, tidyUp } from './stages/8-rollback.ts';
import { reportUpdate } from './stages/9-report.ts';
import { startInstalled, startRelease } from './start-installed.ts';
import type { Reading } from './state-file.ts';

export type RestartPoint =
  | { readonly kind: 'nothing' }
  /** The release was never referred to: drop it. From MIGRATING on: program and data go back. */
  | { readonly kind: 'undo'; readonly update: UpdateInFlight; readonly failed_in: Failure['failed_in'] }
  | { readonly kind: 'go_on_back'; readonly record: RollingBack }
  /** This process is the new release, and was started to be validated. */
  | { readonly kind: 'prove'; readonly update: UpdateInFlight }
  | { readonly kind: 'finish'; readonly update: UpdateInFlight; readonly state: 'VALIDATED' | 'COMMITTING' }
  | { readonly kind: 'report'; readonly record: Complete }
  | { readonly kind: 'unknown'; readonly problem: string };

/** @param own_version see `Service` */
export function restartPoint(reading: Reading<JournalRecord>, own_version?: string): RestartPoint {
  if (reading.kind === 'absent') return { kind: 'nothing' };
  if (reading.kind === 'damaged') return { kind: 'unknown', problem: reading.problem };
  const record = reading.value;
  switch (record.kind) {
    case 'STAGING':
    case 'STAGED':
    case 'MIGRATING':
    case 'MIGRATED':
    case 'SWITCHING':
    case 'VALIDATING':
      return { kind: 'undo', update: inFlight(record), failed_in: record.kind };
    case 'SWITCHED':
      return own_version === record.to.version
        ? { kind: 'prove', update: inFlight(record) }
        : { kind: 'undo', update: inFlight(record), failed_in: record.kind };
    case 'VALIDATED':
    case 'COMMITTING':
      return { kind: 'finish', update: inFlight(record), state: record.kind };
    case 'ROLLING_BACK':
      return { kind: 'go_on_back', record };
    case 'COMPLETE':
      return record.reported ? { kind: 'nothing' } : { kind: 'report', record };
    default:
      return record satisfies never;
  }
}

/** Leaves the device on the old release or the new one, with its data, and no update in flight. May be cut off again. */
export async function resume(device: Device): Promise<void> {
  const point = restartPoint(await device.journal.read(), device.service.own_version);
  if (point.kind === 'nothing') return;
  const complete = await settle(device, point);
  // Not before: a disk that has no room for this line must not bar the way.
  await device.log.append('resumed', { from: point.kind });
  if (complete) await reportUpdate(device, complete);
}

/** The app starts as soon as it is known which: what the rest may have to wait for, such as a full disk, is not its business. */
async function settle(device: Device, point: RestartPoint): Promise<Complete | undefined> {
  switch (point.kind) {
    case 'nothing':
      return undefined;
    case 'undo':
      if (point.failed_in === 'STAGING' || point.failed_in === 'STAGED') await startInstalled(device);
      return rollback(device, { update: point.update, failure: await cutOff(device, point) });
    case 'go_on_back':
      return rollback(device, { update: inFlight(point.record), failure: point.record.failure });
    case 'prove':
      return prove(device, point.update);
    case 'finish':
      await startRelease(device, point.update.to);
      return commit(device, point.update, point.state);
    case 'report':
      // An app that starts too early would write what a restore that is repeated takes away.
      if (point.record.outcome === 'rolled_back') await device.journal.keep();
      await startInstalled(device);
      return point.record.outcome === 'rolled_back' ? tidyUp(device, point.record) : point.record;
    case 'unknown':
      return goBackBlindly(device, point.problem);
    default:
      return point satisfies never;
  }
}

/** Where somebody moved `current` back, as the guard does, it was not the power. */
async function cutOff(
  { deployer }: Device,
  { update, failed_in }: RestartPoint & { readonly kind: 'undo' },
): Promise<Failure> {
  const hadSwitched = failed_in === 'SWITCHED' || failed_in === 'VALIDATING';
  if (hadSwitched && update.from && (await deployer.live()) === update.from.version) {
    return { failed_in, reason: `${update.from.version} was made live again in ${failed_in}`, fault: 'release' };
  }
  return { failed_in, reason: `the update was cut off in ${failed_in}`, fault: 'interrupted' };
}

/** The rest of the nine stages, in the process that they had to wait for. */
async function prove(device: Device, update: UpdateInFlight): Promise<Complete> {
  const release = await localRelease(device, update.to);
  const validated = await validate(device, { kind: 'applied', update, release });
  return validated.kind === 'healthy' ? commit(device, update, 'VALIDATED') : rollback(device, validated);
}

/**
 * The journal cannot be read, so the committed release is what counts. What else is on the disk may be a release in
 * flight: the live one, or else the newest one staged.
 */
async function goBackBlindly(device: Device, problem: string): Promise<Complete | undefined> {
  const installed = await readInstalled(device);
  const from = installed?.current ?? null;
  const strangers = (await device.deployer.versions()).filter(
    (version) => version !== from?.version && version !== installed?.previous?.version,
  );
  const live = await device.deployer.live();
  const version = strangers.find((stranger) => stranger === live) ?? strangers[0];
  const to = version === undefined ? undefined : ((await refOf(device, version)) ?? refOfUnknown(device, version));
  await device.log.append('journal_damaged', { problem, going_back_from: to?.version ?? null });
  if (!to) {
    await device.deployer.switchTo(from?.version);
    // Else the next start would go back from wherever a person had moved the link meanwhile.
    await device.journal.forget();
    return undefined;
  }
  const backup = await newestBackup(device, installed?.backup?.id);
  const update: UpdateInFlight = {
    id: backup?.id ?? `unknown-${to.counter}`,
    started_at: backup?.taken_at ?? timeText(device.clock.now_ms()),
    from,
    to,
    backup,
  };
  return rollback(device, { update, failure: { failed_in: 'UNKNOWN', reason: problem, fault: 'interrupted' } });
}

/** The backup of the update in flight is the one that is not the installed release's; its id begins with its time. */
async function newestBackup(device: Device, kept: string | undefined): Promise<BackupRef | null> {
  const ids = ((await device.disk.list(device.paths.backups)) ?? []).filter((id) => id !== kept);
  for (const id of ids.toReversed()) {
    const taken_at = timeOfId(id);
    if (taken_at !== undefined) return { id, taken_at };
  }
  return null;
}
