import type { Device } from './device.ts';
import { sentenceOf } from './failure.ts';
import { readInstalled } from './installed.ts';
import { localRelease } from './local-release.ts';

/** The app of the committed release runs after this, or the log says why not. Trust and updates have no say in it. */
export async function startInstalled(device: Device): Promise<void> {
  const installed = await readInstalled(device);
  if (!installed) return;
  try {
    await device.service.start(await localRelease(device, installed.current));
  } catch (error) {
    await device.log.append('start_failed', { version: installed.current.version, problem: sentenceOf(error) });
  }
}
