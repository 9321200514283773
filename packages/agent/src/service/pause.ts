import type { Clock } from '@kedge/core/ports';

/** A sleep that returns early, instead of rejecting, when it is aborted. */
export async function pause(clock: Clock, duration_ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(duration_ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
