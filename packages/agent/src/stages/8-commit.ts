/** Stage 8, commit: phase apply.commit. A failure here is not one of the release: the next start finishes it. */

import type { UpdateInFlight } from '@kedge/core/journal';
import { commit as commitPhase } from '../apply/5-commit.ts';
import type { Device } from '../device.ts';
import type { Complete } from '../journal/journal.ts';

export async function commit(device: Device, update: UpdateInFlight): Promise<Complete> {
  return commitPhase(device, update, 'VALIDATED');
}
