/** Releases that went wrong here, so that none of them is tried for ever. */

import type { Failure, UpdateInFlight } from '@kedge/core/journal';
import { type Device, timeText } from './device.ts';
import { interruptions_max } from './limits.ts';
import { nothing, type Trouble } from './memory.ts';

/** A release's own fault and a person's going back pin it out at once, the third interruption as well. May be repeated. */
export async function noteTrouble(device: Device, update: UpdateInFlight, failure: Failure): Promise<void> {
  if (failure.fault === 'device' || failure.fault === 'vendor') return;
  const { memory, clock, log } = device;
  const { version } = update.to;
  const pinned_at = timeText(clock.now_ms());
  const known = await memory.trouble.change(nothing.trouble, (before) =>
    withFailure(before, update, failure, pinned_at),
  );
  if (isPinned(known, version)) await log.append('pinned_out', { version, reason: failure.reason });
}

function withFailure(known: Trouble, update: UpdateInFlight, failure: Failure, pinned_at: string): Trouble {
  const { version, counter } = update.to;
  const interruptions = known.interruptions.filter(({ update_id }) => update_id !== update.id);
  if (failure.fault === 'interrupted') interruptions.push({ version, update_id: update.id });
  const pins = known.pins.filter((pin) => pin.version !== version);
  if (failure.fault !== 'interrupted' || timesInterrupted(interruptions, version) >= interruptions_max) {
    pins.push({ version, counter, reason: failure.reason, pinned_at });
  }
  return { pins, interruptions };
}

function isPinned({ pins }: Trouble, version: string): boolean {
  return pins.some((pin) => pin.version === version);
}

/** A person says that the version may be tried again. */
export async function forgive(device: Pick<Device, 'memory'>, version: string): Promise<void> {
  await device.memory.trouble.change(nothing.trouble, ({ pins, interruptions }) => ({
    pins: pins.filter((pin) => pin.version !== version),
    interruptions: interruptions.filter((interruption) => interruption.version !== version),
  }));
}

function timesInterrupted(interruptions: Trouble['interruptions'], version: string): number {
  return interruptions.filter((interruption) => interruption.version === version).length;
}
