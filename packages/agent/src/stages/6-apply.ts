/** Stage 6, apply: the phases stage, migrate and switch. What fails is handed to stage 8 with the state it failed in. */

import type { Failure, UpdateInFlight } from '@kedge/core/journal';
import { stage } from '../apply/1-stage.ts';
import { migrate } from '../apply/2-migrate.ts';
import { switchOver } from '../apply/3-switch.ts';
import type { Device } from '../device.ts';
import { failureOf, obstacleOf } from '../failure.ts';
import { localRelease } from '../local-release.ts';
import type { LocalRelease } from '../ports.ts';
import type { Obstacle } from '../report.ts';
import type { Prepared } from './5-prepare.ts';

export type Applied =
  | { readonly kind: 'applied'; readonly update: UpdateInFlight; readonly release: LocalRelease }
  | {
      readonly kind: 'failed';
      readonly update: UpdateInFlight;
      readonly failure: Failure;
      readonly obstacle: Obstacle;
    };

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
    return { kind: 'failed', update, failure: failureOf(error, await stateNow(device)), obstacle: obstacleOf(error) };
  }
}

/** The journal is the one memory of how far it went. */
export async function stateNow(device: Device): Promise<Failure['failed_in']> {
  const reading = await device.journal.read();
  const state = reading.kind === 'read' ? reading.value.kind : 'UNKNOWN';
  return state === 'VALIDATED' || state === 'COMMITTING' || state === 'ROLLING_BACK' ? 'UNKNOWN' : state;
}
