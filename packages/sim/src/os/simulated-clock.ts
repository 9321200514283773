import type { Clock } from '@kedge/core/ports';

export type SimulatedClock = Clock & {
  /** Wall time of everybody else, whose clocks are right. */
  readonly true_ms: () => number;
  /** Time goes by while nobody here does anything. */
  pass(duration_ms: number): void;
  /** The wall clock says this from now on; the monotonic one goes on as before. */
  set(now_ms: number): void;
  /** From now on the wall clock is this much faster than time, or slower: 0.01 gains 14 minutes a day. */
  setDrift(drift: number): void;
};

/** Time that stands still while anybody works, and jumps to the next sleeper's end when all that is left is sleep. */
export function simulatedClock(start_ms: number): SimulatedClock {
  let elapsed_ms = 0;
  const sleepers = new Set<{ readonly until_ms: number; wake(): void }>();
  let isAwaited = false;
  /** What the wall clock was set to last, and when. */
  let wall = { set_ms: start_ms, at_ms: 0, drift: 0 };

  const now_ms = (): number => Math.round(wall.set_ms + (elapsed_ms - wall.at_ms) * (1 + wall.drift));

  function wakeNext(): void {
    isAwaited = false;
    const [next] = [...sleepers].toSorted((a, b) => a.until_ms - b.until_ms);
    if (!next) return;
    elapsed_ms = Math.max(elapsed_ms, next.until_ms);
    sleepers.delete(next);
    next.wake();
    awaitIdle();
  }

  function awaitIdle(): void {
    if (isAwaited || sleepers.size === 0) return;
    isAwaited = true;
    setImmediate(wakeNext);
  }

  return {
    now_ms,
    monotonic_ms: () => elapsed_ms,
    true_ms: () => start_ms + elapsed_ms,
    pass(duration_ms) {
      elapsed_ms += duration_ms;
    },
    set(set_ms) {
      wall = { ...wall, set_ms, at_ms: elapsed_ms };
    },
    setDrift(drift) {
      wall = { set_ms: now_ms(), at_ms: elapsed_ms, drift };
    },
    sleep: (duration_ms, signal) =>
      new Promise((resolve, reject) => {
        const give_up = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
        };
        const sleeper = {
          until_ms: elapsed_ms + Math.max(0, duration_ms),
          wake() {
            signal?.removeEventListener('abort', give_up);
            resolve();
          },
        };
        if (signal?.aborted) {
          give_up();
          return;
        }
        signal?.addEventListener('abort', give_up, { once: true });
        sleepers.add(sleeper);
        awaitIdle();
      }),
  };
}
