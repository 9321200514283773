/** Releases that failed on this device and are not tried again here. */

import { instant } from './manifest.ts';
import { type Infer, integer, object, text } from './parse.ts';
import { versionText } from './version.ts';

export const pin = object({
  version: versionText,
  counter: integer({ min: 0 }),
  reason: text(),
  pinned_at: instant,
});
export type Pin = Infer<typeof pin>;

/** A version and a counter each name one release, so either is enough. */
export function findPin(pins: readonly Pin[], release: PinnedRelease): Pin | undefined {
  return pins.find((pin) => pin.version === release.version || pin.counter === release.counter);
}

type PinnedRelease = { readonly version: string; readonly counter: number };
