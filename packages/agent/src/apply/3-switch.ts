/** apply.switch: the moment of going live, one atomic rename between the old process and the new one. */

import type { UpdateInFlight } from '@kedge/core/journal';
import type { Device } from '../device.ts';
import type { LocalRelease } from '../ports.ts';

export async function switchOver(device: Device, update: UpdateInFlight, release: LocalRelease): Promise<void> {
  const { journal, service, deployer } = device;
  await journal.record('MIGRATED', 'switch', { kind: 'SWITCHING', ...update });
  // Whoever finds the new release broken, and the agent too, must find the way back.
  await deployer.setPrevious(update.from?.version);
  await service.stop();
  await deployer.switchTo(update.to.version);
  await journal.record('SWITCHING', 'switched', { kind: 'SWITCHED', ...update });
  await service.start(release);
}
