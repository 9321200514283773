/** A clock that stands still until a test moves it. */

import type { Clock } from '@kedge/core/ports';

export type FakeClock = Clock & {
  /** Moves time, stopping at every sleeper that is due, in order, so that what it does next sees the right time. */
  advance(duration_ms: number): Promise<void>;
  /** Moves the wall time only: what a wrong clock or a person does. */
  jump(duration_ms: number): void;
  /** Resolves when that many sleepers wait: the code under test can go no further without `advance`. */
  asleep(count?: number): Promise<void>;
  /** How long each sleep that was begun was asked to last. */
  readonly sleeps_ms: readonly number[];
};

type Sleeper = { readonly due_ms: number; wake(): void };

export function fakeClock(start_ms: number = Date.UTC(2026, 0, 20, 8)): FakeClock {
  let monotonic_ms = 0;
  let wall_offset_ms = start_ms;
  const sleeps_ms: number[] = [];
  const sleepers = new Set<Sleeper>();
  const watchers = new Set<() => void>();

  function sleep(duration_ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const leave = () => {
        sleepers.delete(sleeper);
        signal?.removeEventListener('abort', abort);
      };
      const sleeper: Sleeper = {
        due_ms: monotonic_ms + duration_ms,
        wake() {
          leave();
          resolve();
        },
      };
      const abort = () => {
        leave();
        reject(asError(signal?.reason));
      };
      signal?.addEventListener('abort', abort);
      sleeps_ms.push(duration_ms);
      sleepers.add(sleeper);
      for (const watcher of watchers) watcher();
    });
  }

  async function advance(duration_ms: number): Promise<void> {
    const end_ms = monotonic_ms + duration_ms;
    await settle();
    for (;;) {
      const next = [...sleepers].toSorted((a, b) => a.due_ms - b.due_ms)[0];
      if (!next || next.due_ms > end_ms) break;
      monotonic_ms = Math.max(monotonic_ms, next.due_ms);
      next.wake();
      await settle();
    }
    monotonic_ms = end_ms;
    await settle();
  }

  function asleep(count = 1): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (sleepers.size < count) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  }

  return {
    now_ms: () => wall_offset_ms + monotonic_ms,
    monotonic_ms: () => monotonic_ms,
    sleep,
    advance,
    jump(duration_ms) {
      wall_offset_ms += duration_ms;
    },
    asleep,
    sleeps_ms,
  };
}

/** Lets promise chains that need no real I/O run to their next sleep. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
