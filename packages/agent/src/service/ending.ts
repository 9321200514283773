/** The polite signal, the deadly one, and the proof that nothing is left. */

import type { Clock } from '@kedge/core/ports';
import type { Family, Processes } from './processes.ts';

const poll_ms = 20;
const kill_timeout_ms = 5_000;

export type Ending = {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly family: Family;
  /** From the polite signal to the deadly one. */
  readonly stop_timeout_ms: number;
  /** Settles when the first process has ended; there is nothing to look at before. */
  readonly exited: Promise<unknown>;
};

/** Resolves when no process of the family is left, within `stop_timeout_ms` and 5 s. @throws when one cannot be ended */
export async function endFamily(ending: Ending): Promise<void> {
  const { processes, family, stop_timeout_ms } = ending;
  if (processes.left(family).length === 0) return;
  processes.signal(family, 'SIGTERM');
  if (await isGone(ending, stop_timeout_ms)) return;
  processes.signal(family, 'SIGKILL');
  if (await isGone(ending, kill_timeout_ms)) return;
  throw new Error(
    `processes ${processes.left(family).join(', ')} of the app are left ${kill_timeout_ms} ms after SIGKILL; ` +
      'they wait for a disk or a driver: look at it, or restart the device',
  );
}

async function isGone({ clock, processes, family, exited }: Ending, timeout_ms: number): Promise<boolean> {
  const deadline_ms = clock.monotonic_ms() + timeout_ms;
  await settled(clock, exited, timeout_ms);
  while (processes.left(family).length > 0) {
    const rest_ms = deadline_ms - clock.monotonic_ms();
    if (rest_ms <= 0) return false;
    await clock.sleep(Math.min(poll_ms, rest_ms));
  }
  return true;
}

/** Resolves when the promise has settled, or the time is over. */
async function settled(clock: Clock, promise: Promise<unknown>, timeout_ms: number): Promise<void> {
  const over = new AbortController();
  const sleep = clock.sleep(timeout_ms, over.signal);
  await Promise.race([Promise.allSettled([promise]), sleep]);
  over.abort();
  // Aborted or not, it has served.
  await Promise.allSettled([sleep]);
}
