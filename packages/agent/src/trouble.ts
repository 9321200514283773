/** Releases that went wrong here, so that none of them is tried for ever. */

import type { Failure, UpdateInFlight } from '@kedge/core/journal';
import { type Device, timeText } from './device.ts';
import { interruptions_max } from './limits.ts';
import { nothing, recall, type Trouble } from './memory.ts';

/** A release's own fault and a person's going back pin it out at once, the third interruption as well. May be repeated. */
export async function noteTrouble(device: Device, update: UpdateInFlight, failure: Failure): Promise<void> {
  if (failure.fault === 'device' || failure.fault === 'vendor') return;
  const { memory, clock, log } = device;
  const { version, counter } = update.to;
  const known = await recall(memory.trouble, nothing.trouble);
  const interruptions = known.interruptions.filter(({ update_id }) => update_id !== update.id);
  if (failure.fault === 'interrupted') interruptions.push({ version, update_id: update.id });
  const pins = known.pins.filter((pin) => pin.version !== version);
  if (failure.fault !== 'interrupted' || timesInterrupted(interruptions, version) >= interruptions_max) {
    pins.push({ version, counter, reason: failure.reason, pinned_at: timeText(clock.now_ms()) });
    await log.append('pinned_out', { version, reason: failure.reason });
  }
  await memory.trouble.write({ pins, interruptions });
}

/** A person says that the version may be tried again. */
export async function forgive(device: Pick<Device, 'memory'>, version: string): Promise<void> {
  const { pins, interruptions } = await recall(device.memory.trouble, nothing.trouble);
  await device.memory.trouble.write({
    pins: pins.filter((pin) => pin.version !== version),
    interruptions: interruptions.filter((interruption) => interruption.version !== version),
  });
}

function timesInterrupted(interruptions: Trouble['interruptions'], version: string): number {
  return interruptions.filter((interruption) => interruption.version === version).length;
}
