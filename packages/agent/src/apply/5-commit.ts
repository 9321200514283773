/** apply.commit: the new release is the installed one. N-1 stays as the way back, what is older goes. */

import type { UpdateInFlight } from '@kedge/core/journal';
import { removeTree } from '@kedge/trust/atomic-file';
import { dropOtherBackups } from '../backups.ts';
import { type Device, timeText } from '../device.ts';
import type { Complete } from '../journal/journal.ts';
import { forgetManifest } from '../local-release.ts';

/** Every step may be repeated: `resume` comes here again after a power cut. */
export async function commit(
  device: Device,
  update: UpdateInFlight,
  before: 'VALIDATED' | 'COMMITTING',
): Promise<Complete> {
  const { journal, memory, deployer, disk, paths, clock } = device;
  // First: a disk that the update has filled must not bar its end.
  await removeTree(disk, paths.downloads);
  if (before === 'VALIDATED') await journal.record(before, 'commit', { kind: 'COMMITTING', ...update });
  const { from, to, backup } = update;
  await memory.installed.write({ current: to, previous: from, backup, since: timeText(clock.now_ms()) });
  // It does already, unless a person meddled.
  await deployer.setPrevious(from?.version);
  await dropOtherReleases(device, [to.version, ...(from ? [from.version] : [])]);
  await dropOtherBackups(device, [backup?.id]);
  return journal.record('COMMITTING', 'committed', {
    kind: 'COMPLETE',
    ...update,
    outcome: 'committed',
    failure: null,
    lost_writes: null,
    reported: false,
  });
}

async function dropOtherReleases(device: Device, kept: readonly string[]): Promise<void> {
  for (const version of await device.deployer.versions()) {
    if (kept.includes(version)) continue;
    await device.deployer.drop(version);
    await forgetManifest(device, version);
  }
}
