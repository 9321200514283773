import type { Clock } from '@kedge/core/ports';

/** Time that stands still while anybody works, and jumps to the next sleeper's end when all that is left is sleep. */
export function simulatedClock(start_ms: number): Clock {
  let elapsed_ms = 0;
  const sleepers = new Set<{ readonly until_ms: number; wake(): void }>();
  let isAwaited = false;

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
    now_ms: () => start_ms + elapsed_ms,
    monotonic_ms: () => elapsed_ms,
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
