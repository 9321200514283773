/** apply.commit: the new release is the installed one. N-1 stays as the way back, what is older goes. */

import type { UpdateInFlight } from '@kedge/core/journal';
import { removeTree } from '@kedge/trust/atomic-file';
import { type Device, timeText } from '../device.ts';
import type { Complete } from '../journal/journal.ts';
import { forgetManifest } from '../local-release.ts';

/** Every step may be repeated: `resume` comes here again after a power cut. */
export async function commit(
  device: Device,
  update: UpdateInFlight,
  before: 'VALIDATED' | 'COMMITTING',
): Promise<Complete> {
  const { journal, memory, deployer, clock } = device;
  if (before === 'VALIDATED') await journal.record(before, 'commit', { kind: 'COMMITTING', ...update });
  const { from, to, backup } = update;
  await memory.installed.write({ current: to, previous: from, backup, since: timeText(clock.now_ms()) });
  await deployer.setPrevious(from?.version);
  await dropOthers(device, [to.version, ...(from ? [from.version] : [])], backup?.id);
  return journal.record('COMMITTING', 'committed', {
    kind: 'COMPLETE',
    ...update,
    outcome: 'committed',
    failure: null,
    lost_writes: null,
    reported: false,
  });
}

/** Drops every release but these, and every backup but this one. */
async function dropOthers(device: Device, versions: readonly string[], backup: string | undefined): Promise<void> {
  const { deployer, disk, paths } = device;
  for (const version of await deployer.versions()) {
    if (versions.includes(version)) continue;
    await deployer.drop(version);
    await forgetManifest(device, version);
  }
  for (const id of (await disk.list(paths.backups)) ?? []) {
    if (id !== backup) await removeTree(disk, `${paths.backups}/${id}`);
  }
  for (const file of (await disk.list(paths.downloads)) ?? []) await disk.removeFile(`${paths.downloads}/${file}`);
}
