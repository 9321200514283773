/** The life of the agent: recover, start the app, then look for updates when it is time or when somebody asks. */

import { nextCheckAt } from '@kedge/core/schedule';
import type { Device } from './device.ts';
import { goBackToPrevious, type WentBack } from './go-back.ts';
import { nothing, recall } from './memory.ts';
import { deliver } from './outbox.ts';
import type { Report } from './report.ts';
import { resume } from './resume.ts';
import type { Occasion } from './stages/1-discover.ts';
import { startInstalled } from './start-installed.ts';
import { update } from './update.ts';

export type Agent = {
  /** Brings an update that was cut off to its end, and starts the app. */
  recover(): Promise<void>;
  /** Looks for updates until the device's signal is aborted; then what is under way is waited for. */
  run(): Promise<void>;
  check(occasion: Occasion): Promise<Report>;
  goBack(reason: string, may_lose_writes: boolean): Promise<WentBack>;
  /** It is worth a look, as soon as nothing else is under way. */
  lookSoon(): void;
  /** Null while it is not known. */
  nextCheck_ms(): number | null;
};

export function createAgent(device: Device): Agent {
  const { clock, random, config, signal, memory } = device;
  const inTurn = oneAtATime();
  let next_check_ms: number | null = null;
  let failures = 0;
  let wake = new AbortController();

  async function recover(): Promise<void> {
    await resume(device);
    await startInstalled(device);
    await deliver(device);
  }

  async function look(occasion: Occasion): Promise<Report> {
    // A roll back or a commit that could not be finished comes first.
    await resume(device);
    const report = await update(device, occasion);
    failures = didFail(report) ? failures + 1 : 0;
    plan(report);
    return report;
  }

  function plan(report: Report | null): void {
    // The clock may have gone back since, to 1970 even: no check is in the future.
    const checked_ms = Math.min(report ? Date.parse(report.at) : Infinity, clock.now_ms());
    const regular_ms = nextCheckAt(config.policy, checked_ms, failures, random.fraction());
    const waits_until_ms = report?.waits_until ? Date.parse(report.waits_until) : regular_ms;
    lookAt(Math.min(regular_ms, waits_until_ms));
  }

  function lookAt(time_ms: number): void {
    next_check_ms = time_ms;
    wake.abort();
    wake = new AbortController();
  }

  async function run(): Promise<void> {
    const { checked } = await recall(memory.lately, nothing.lately);
    if (checked) plan(checked);
    else await attempt({ kind: 'start', wanted: null });
    while (!signal.aborted) {
      const rest_ms = (next_check_ms ?? 0) - clock.now_ms();
      if (rest_ms > 0) await sleepUntilWoken(rest_ms);
      else await attempt({ kind: 'schedule', wanted: null });
    }
    await inTurn(() => Promise.resolve());
  }

  /** What a look throws is a device in trouble, such as a full disk: it is looked again later. */
  async function attempt(occasion: Occasion): Promise<void> {
    try {
      await inTurn(() => look(occasion));
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      plan(null);
      await device.log.append('look_failed', { problem: String(error) });
    }
  }

  async function sleepUntilWoken(duration_ms: number): Promise<void> {
    const woken = AbortSignal.any([signal, wake.signal]);
    try {
      await clock.sleep(duration_ms, woken);
    } catch (error) {
      if (!woken.aborted) throw error;
    }
  }

  return {
    recover: () => inTurn(recover),
    run,
    check: (occasion) => inTurn(() => look(occasion)),
    goBack: (reason, may_lose_writes) => inTurn(() => goBackToPrevious(device, reason, may_lose_writes)),
    lookSoon: () => lookAt(clock.now_ms()),
    nextCheck_ms: () => next_check_ms,
  };
}

function didFail({ kind, waits_until }: Report): boolean {
  return (
    kind === 'failed' || kind === 'blocked' || kind === 'unfinished' || (kind === 'waiting' && waits_until === null)
  );
}

/** Only one of them runs at a time; a failed one does not hold up the next. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
