/** Which release is committed on this device. */

import { type Device, timeText } from './device.ts';
import { refOf } from './local-release.ts';
import type { Installed } from './memory.ts';

/** Undefined before the first install. Where the file is damaged, the links and the manifests beside the trees tell. */
export async function readInstalled(device: Device): Promise<Installed | undefined> {
  const reading = await device.memory.installed.read();
  if (reading.kind === 'read') return reading.value;
  if (reading.kind === 'absent') return undefined;
  await device.log.append('installed_damaged', { problem: reading.problem });
  return fromLinks(device);
}

async function fromLinks(device: Device): Promise<Installed | undefined> {
  const { deployer, clock } = device;
  const links = [await deployer.live(), await deployer.previous()].filter((version) => version !== undefined);
  // While an update goes live, both links name the release that it leaves.
  const known = await Promise.all([...new Set(links)].map((version) => refOf(device, version)));
  // A live one whose manifest is damaged too cannot be started: the one before it then is what there is.
  const [current, previous] = known.filter((ref) => ref !== undefined);
  return current && { current, previous: previous ?? null, backup: null, since: timeText(clock.now_ms()) };
}
