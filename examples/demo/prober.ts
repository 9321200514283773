/** The app's own client: asks again and again, over a new connection each time, and takes note of how long nobody answers. */

import { get } from 'node:http';
import type { Clock } from '@kedge/core/ports';

export type Probed<T> = {
  readonly value: T;
  /** The longest time from one good answer to the next. */
  readonly downtime_ms: number;
};

export type Client = { readonly clock: Clock; readonly signal: AbortSignal; readonly url: string };

const pause_ms = 2;
const answer_timeout_ms = 1_000;
const patience_ms = 15_000;

/** The app must answer before the work begins, and again after it. @throws when it does not */
export async function probe<T>(client: Client, work: () => Promise<T>): Promise<Probed<T>> {
  const { clock } = client;
  await untilAnswered(client);
  let last_ms = clock.monotonic_ms();
  let longest_ms = 0;
  let isWorkDone = false;
  const probing = (async () => {
    for (let isLast = false; !isLast; ) {
      isLast = isWorkDone;
      await untilAnswered(client);
      const now_ms = clock.monotonic_ms();
      longest_ms = Math.max(longest_ms, now_ms - last_ms);
      last_ms = now_ms;
      await clock.sleep(pause_ms);
    }
  })();
  const done = work().finally(() => {
    isWorkDone = true;
  });
  const [value] = await Promise.all([done, probing]);
  return { value, downtime_ms: longest_ms };
}

/** @throws when there is no good answer for too long */
export async function untilAnswered({ clock, signal, url }: Client): Promise<void> {
  const began_ms = clock.monotonic_ms();
  while (!(await isAnswered(url))) {
    if (clock.monotonic_ms() - began_ms > patience_ms) throw new Error(`${url} did not answer for ${patience_ms} ms`);
    await clock.sleep(pause_ms, signal);
  }
}

/** Whether there was a whole answer of status 200. */
function isAnswered(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = get(url, { agent: false, timeout: answer_timeout_ms }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode === 200));
      answer.once('error', () => resolve(false));
    });
    asking.once('timeout', () => asking.destroy());
    asking.once('error', () => resolve(false));
    asking.once('close', () => resolve(false));
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1);
  return (low + high) / 2;
}
