/** apply.stage: the release is unpacked beside the live one. The app runs; nothing refers to the new tree yet. */

import type { JournalRecord, JournalState } from '@kedge/core/journal';
import type { Device } from '../device.ts';
import { keepManifest } from '../local-release.ts';
import type { Prepared } from '../stages/5-prepare.ts';

export async function stage(
  device: Device,
  prepared: Prepared,
  before: JournalState | null,
): Promise<JournalRecord & { readonly kind: 'STAGED' }> {
  const { journal, disk, deployer } = device;
  const { update, artifact, file, manifest_bytes } = prepared;
  await journal.record(before, 'stage', { kind: 'STAGING', ...update });
  await keepManifest(device, update.to.version, manifest_bytes);
  await deployer.stage(update.to.version, artifact, disk.stream(file));
  return journal.record('STAGING', 'staged', { kind: 'STAGED', ...update });
}
