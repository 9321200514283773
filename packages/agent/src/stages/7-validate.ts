/** Stage 7, validate: the watchdog of phase apply.validate, 60 s by default. */

import type { Failure, UpdateInFlight } from '@kedge/core/journal';
import { validate as validatePhase } from '../apply/4-validate.ts';
import type { Device } from '../device.ts';
import { cut, type Failed, failedBy } from '../failure.ts';
import type { Applied } from './6-apply.ts';

export type Validated =
  | { readonly kind: 'healthy'; readonly update: UpdateInFlight; readonly warnings: readonly string[] }
  | Failed;

/** Leaves room for the path of the log. */
const told_chars_max = 2_000;

export async function validate(device: Device, applied: Applied): Promise<Validated> {
  if (applied.kind === 'failed') return applied;
  const { update, release } = applied;
  try {
    const health = await validatePhase(device, update, release);
    if (health.kind === 'healthy') return { kind: 'healthy', update, warnings: health.warnings };
    const reason = `${cut(health.reason, told_chars_max)}; see ${device.paths.app_log}`;
    const failure: Failure = { failed_in: 'VALIDATING', reason, fault: 'release' };
    return { kind: 'failed', update, failure, obstacle: null };
  } catch (error) {
    // Asked to stop: the journal says VALIDATING, and the next start goes back.
    if (device.signal.aborted) throw error;
    return failedBy(error, update, 'VALIDATING');
  }
}
