/** apply.validate: the first ring of rescue. The new release has to prove itself before the watchdog's deadline. */

import type { UpdateInFlight } from '@kedge/core/journal';
import type { Device } from '../device.ts';
import type { LocalRelease } from '../ports.ts';
import { type Verdict, watchHealth } from '../validation.ts';

export async function validate(device: Device, update: UpdateInFlight, release: LocalRelease): Promise<Verdict> {
  const { journal, signal } = device;
  // The agent's own next release is validated by itself, and SWITCHED tells it to.
  signal.throwIfAborted();
  await journal.record('SWITCHED', 'validate', { kind: 'VALIDATING', ...update });
  const verdict = await watchHealth({ ...device, release });
  if (verdict.kind === 'healthy') await journal.record('VALIDATING', 'validated', { kind: 'VALIDATED', ...update });
  return verdict;
}
