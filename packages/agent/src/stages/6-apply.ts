/** Stage 6, apply: the phases stage, migrate and switch. What fails is handed to stage 8 with the state it failed in. */

import type { Failure, UpdateInFlight } from '@kedge/core/journal';
import { stage } from '../apply/1-stage.ts';
import { migrate } from '../apply/2-migrate.ts';
import { switchOver } from '../apply/3-switch.ts';
import { dropBackup } from '../backups.ts';
import type { Device } from '../device.ts';
import { type Failed, failedBy } from '../failure.ts';
import { localRelease } from '../local-release.ts';
import type { LocalRelease } from '../ports.ts';
import type { Prepared } from './5-prepare.ts';

export type Applied =
  | { readonly kind: 'applied'; readonly update: UpdateInFlight; readonly release: LocalRelease }
  | Failed;

export async function apply(device: Device, prepared: Prepared): Promise<Applied> {
  const { update } = prepared;
  const before = await device.journal.read();
  try {
    await stage(device, prepared, before.kind === 'read' ? before.value.kind : null);
    const release = await localRelease(device, update.to);
    await migrate(device, update, release);
    await switchOver(device, update, release);
    return { kind: 'applied', update, release };
  } catch (error) {
    const reached = await stateReached(device, update);
    // Not even STAGING could be written down, so nothing was done, and nobody will ask for the backup.
    if (reached === undefined) {
      if (update.backup) await dropBackup(device, update.backup.id);
      throw error;
    }
    return failedBy(error, update, reached);
  }
}

/** The journal is the one memory of how far it went. Undefined: it does not know this update. */
async function stateReached(device: Device, update: UpdateInFlight): Promise<Failure['failed_in'] | undefined> {
  const reading = await device.journal.read();
  if (reading.kind !== 'read' || reading.value.id !== update.id) return undefined;
  const { kind } = reading.value;
  return kind === 'VALIDATED' || kind === 'COMMITTING' || kind === 'ROLLING_BACK' ? 'UNKNOWN' : kind;
}
