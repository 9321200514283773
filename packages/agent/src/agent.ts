/** The life of the agent: recover, start the app, then look for updates when it is time or when somebody asks. */

import { nextCheckAt } from '@kedge/core/schedule';
import type { Device } from './device.ts';
import { sentenceOf } from './failure.ts';
import { followMovedLink, goBackToPrevious, leaveDamagedTree, type WentBack } from './go-back.ts';
import { keepFolders } from './keep-folders.ts';
import { unfinished_retry_ms } from './limits.ts';
import { nothing, recall } from './memory.ts';
import { type InTurn, oneAtATime } from './one-at-a-time.ts';
import { deliver } from './outbox.ts';
import type { Report } from './report.ts';
import { resume } from './resume.ts';
import type { Occasion } from './stages/1-discover.ts';
import { startInstalled } from './start-installed.ts';
import { update } from './update.ts';

export type Agent = {
  /**
   * Brings an update that was cut off to its end, and starts the app. What keeps it from doing so is logged, and tried
   * again by `run`.
   */
  recover(): Promise<void>;
  /** Looks for updates until the device's signal is aborted; then what is under way is waited for. */
  run(): Promise<void>;
  check(occasion: Occasion): Promise<Report>;
  /** Because a person asks. */
  goBack(may_lose_writes: boolean): Promise<WentBack>;
  /** It is worth a look, as soon as nothing else is under way. */
  lookSoon(): void;
  /** Null while it is not known. */
  nextCheck_ms(): number | null;
};

/** @param inTurn shared by agents that must not be at work at the same time */
export function createAgent(device: Device, inTurn: InTurn = oneAtATime()): Agent {
  const { clock, random, config, signal, memory, log } = device;
  const longest_ms = 1.1 * config.policy.check_interval_hours * 3_600_000;
  /** By the monotonic clock: the other one may jump. */
  let next_look_ms: number | null = null;
  let next_delivery_ms = 0;
  let failures = 0;
  /** Said while a look was under way, which may be too late for it. */
  let isWorthALook = false;
  let wake = new AbortController();
  /** Looked at once: what a power cut has taken is gone at the start. */
  let isTreeKnown = false;

  async function recover(): Promise<void> {
    try {
      await settle();
    } catch (error) {
      await noteFailure('recovery_failed', error);
    }
  }

  /**
   * What comes first: an update that could not be finished, a link that was moved, a tree that is damaged, an app that
   * could not be started.
   */
  async function settle(): Promise<void> {
    await resume(device);
    await followMovedLink(device);
    if (!isTreeKnown) await leaveDamagedTree(device);
    isTreeKnown = true;
    if (device.service.state().kind === 'stopped') await startInstalled(device);
  }

  async function look(occasion: Occasion): Promise<Report> {
    isWorthALook = false;
    await settle();
    await keepFolders(device);
    const report = await update(device, occasion);
    failures = countFailures(report, failures);
    lookIn(isWorthALook ? 0 : delayAfter(report));
    return report;
  }

  async function goBack(may_lose_writes: boolean): Promise<WentBack> {
    await settle();
    return goBackToPrevious(device, { reason: 'a person asked for it', fault: 'person', may_lose_writes });
  }

  function delayAfter(report: Report): number {
    if (report.kind === 'unfinished') return unfinished_retry_ms;
    const now_ms = clock.now_ms();
    const regular_ms = nextCheckAt(config.policy, Date.parse(report.at), failures, random.fraction());
    const wanted_ms = report.waits_until === null ? regular_ms : Date.parse(report.waits_until);
    return Math.min(regular_ms, wanted_ms) - now_ms;
  }

  function lookIn(delay_ms: number): void {
    next_look_ms = clock.monotonic_ms() + Math.max(0, Math.min(delay_ms, longest_ms));
    wake.abort();
    wake = new AbortController();
  }

  async function run(): Promise<void> {
    if (next_look_ms === null) {
      const { checked } = await recall(memory.lately, nothing.lately);
      failures = checked ? countFailures(checked, 0) : 0;
      lookIn(checked ? delayAfter(checked) : 0);
    }
    while (!signal.aborted) {
      const now_ms = clock.monotonic_ms();
      if (now_ms >= (next_look_ms ?? 0)) await attempt(() => look({ kind: 'schedule', wanted: null }));
      else if (now_ms >= next_delivery_ms) await attempt(deliverWaiting);
      else await sleepUntil(Math.min(next_look_ms ?? 0, next_delivery_ms));
    }
    await inTurn(() => Promise.resolve());
  }

  async function deliverWaiting(): Promise<void> {
    const waiting = await deliver(device);
    next_delivery_ms = waiting ? clock.monotonic_ms() + config.policy.retry_delay_minutes * 60_000 : Infinity;
  }

  /** What it throws is a device in trouble, such as a full disk: tried again later. */
  async function attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await inTurn(work);
    } catch (error) {
      if (!signal.aborted) await noteFailure('attempt_failed', error);
    }
  }

  async function noteFailure(event: 'recovery_failed' | 'attempt_failed', error: unknown): Promise<void> {
    // On a full disk not even this can be written down; what failed is tried again all the same.
    await log.append(event, { problem: sentenceOf(error) }).catch(() => undefined);
    lookIn(unfinished_retry_ms);
  }

  async function sleepUntil(time_ms: number): Promise<void> {
    const woken = AbortSignal.any([signal, wake.signal]);
    try {
      await clock.sleep(time_ms - clock.monotonic_ms(), woken);
    } catch (error) {
      if (!woken.aborted) throw error;
    }
  }

  return {
    recover: () => inTurn(recover),
    run,
    check: (occasion) => inTurn(() => look(occasion)),
    goBack: (may_lose_writes) => inTurn(() => goBack(may_lose_writes)),
    lookSoon() {
      isWorthALook = true;
      lookIn(0);
    },
    nextCheck_ms: () => (next_look_ms === null ? null : clock.now_ms() + next_look_ms - clock.monotonic_ms()),
  };
}

/** An app that is busy is asked again soon, however often it was busy before. */
function countFailures({ kind, stage }: Report, before: number): number {
  if (kind === 'failed' || kind === 'blocked') return before + 1;
  return kind === 'waiting' && stage === 'prepare' ? 1 : 0;
}
