/** The one check that the agent answers itself: can it still look for updates? */

import type { Device } from './device.ts';
import { sentenceOf } from './failure.ts';
import type { CheckResult, Checks } from './ports.ts';
import { refreshTrust } from './stages/1-discover.ts';

/** @returns the device's checks, with this one among them */
export function withRepositoryCheck(device: Device): Checks {
  return {
    run: (check, release, signal) =>
      check.kind === 'repository' ? askRepository(device) : device.checks.run(check, release, signal),
  };
}

/** A look has its own limits of time, and is never left half way: another one could meet its files. */
async function askRepository(device: Device): Promise<CheckResult> {
  try {
    const refreshed = await refreshTrust(device);
    return refreshed.kind === 'blocked' ? { kind: 'failed', detail: refreshed.detail } : { kind: 'passed' };
  } catch (error) {
    return { kind: 'failed', detail: sentenceOf(error) };
  }
}
