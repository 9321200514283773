import type { ReleaseRef } from '@kedge/core/journal';
import type { Device } from './device.ts';
import { sentenceOf } from './failure.ts';
import { readInstalled } from './installed.ts';
import { localRelease } from './local-release.ts';

/** The app of the committed release runs after this, or the log says why not. Trust and updates have no say in it. */
export async function startInstalled(device: Device): Promise<void> {
  const installed = await readInstalled(device);
  if (installed) await startRelease(device, installed.current);
}

/** A running app of the same release is kept. */
export async function startRelease(device: Device, release: ReleaseRef): Promise<void> {
  try {
    await device.service.start(await localRelease(device, release));
  } catch (error) {
    await device.log.append('start_failed', { version: release.version, problem: sentenceOf(error) });
  }
}
