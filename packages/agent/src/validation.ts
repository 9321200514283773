/** `apply.validate`: the watchdog that decides whether the release which has just gone live is healthy. */

import type { Check } from '@kedge/core/manifest';
import type { Clock } from '@kedge/core/ports';
import type { CheckResult, Checks, LocalRelease, Service, ServiceState } from './ports.ts';
import { pause } from './service/pause.ts';

const first_pause_ms = 25;
const noncritical_tries_max = 3;

export type WatchOptions = {
  readonly clock: Clock;
  readonly checks: Checks;
  readonly service: Service;
  readonly release: LocalRelease;
  readonly signal: AbortSignal;
  readonly onResult?: (check: Check, result: CheckResult) => void;
};

export type Verdict =
  /** `warnings` name the non-critical checks that failed, each in one line. */
  { readonly kind: 'healthy'; readonly after_ms: number; readonly warnings: readonly string[] } | Unhealthy;

type Unhealthy = { readonly kind: 'unhealthy'; readonly reason: string };

/**
 * Healthy: the app ran and all critical checks passed, without a break, for `healthy_for_ms` before `deadline_ms`.
 * Rejects only with the signal's reason.
 */
export async function watchHealth(options: WatchOptions): Promise<Verdict> {
  const { clock, release, signal } = options;
  const { deadline_ms } = release.manifest.validation;
  const started_ms = clock.monotonic_ms();
  const over = new AbortController();
  const ended = new AbortController();
  const deadline = clock.sleep(deadline_ms, AbortSignal.any([signal, ended.signal])).then(() => over.abort());
  try {
    const inTime = { ...options, signal: AbortSignal.any([signal, over.signal]) };
    const verdict = await pollUntilHealthy(inTime, started_ms + deadline_ms);
    signal.throwIfAborted();
    if (verdict.kind === 'unhealthy') return verdict;
    const after_ms = clock.monotonic_ms() - started_ms;
    const warnings = await noncriticalFailures(inTime);
    signal.throwIfAborted();
    return { kind: 'healthy', after_ms, warnings };
  } finally {
    ended.abort();
    // It rejects because it was ended, which is no news.
    await Promise.allSettled([deadline]);
  }
}

type Streak = { readonly since_ms: number; readonly run: string };

async function pollUntilHealthy(options: WatchOptions, end_ms: number): Promise<Unhealthy | { kind: 'healthy' }> {
  const { clock, service, release, signal } = options;
  const { healthy_for_ms, interval_ms } = release.manifest.validation;
  let streak: Streak | undefined;
  let last_failure: string | undefined;
  for (let pause_ms = first_pause_ms; ; pause_ms *= 2) {
    const failure = await failureNow(options);
    const state = service.state();
    if (state.kind === 'crash_loop') {
      return { kind: 'unhealthy', reason: `crash loop: ${state.exits} exits, the last one with ${state.last_exit}` };
    }
    // What failed because the deadline came tells less than what failed before.
    if (signal.aborted) return late(release, streak && end_ms - streak.since_ms, last_failure ?? failure);
    last_failure = failure ?? last_failure;
    const now_ms = clock.monotonic_ms();
    streak = failure === undefined ? nextStreak(streak, state, now_ms) : undefined;
    const rest_ms = streak ? streak.since_ms + healthy_for_ms - now_ms : interval_ms;
    if (rest_ms <= 0) return { kind: 'healthy' };
    await pause(clock, Math.min(pause_ms, interval_ms, rest_ms), signal);
  }
}

/** Another run of the app is another streak: it ended in between, even if no check saw it. */
function nextStreak(streak: Streak | undefined, state: ServiceState, now_ms: number): Streak | undefined {
  if (state.kind !== 'running') return undefined;
  const run = `${state.since_ms} ${state.restarts}`;
  return streak?.run === run ? streak : { since_ms: now_ms, run };
}

function late(release: LocalRelease, healthy_ms: number | undefined, failure: string | undefined): Unhealthy {
  const { deadline_ms, healthy_for_ms } = release.manifest.validation;
  const reason =
    healthy_ms === undefined
      ? `not healthy within ${deadline_ms} ms: ${failure ?? 'the app did not keep running'}`
      : `healthy for only ${Math.round(healthy_ms)} of the needed ${healthy_for_ms} ms when ${deadline_ms} ms were over` +
        (failure === undefined ? '' : `; before that: ${failure}`);
  return { kind: 'unhealthy', reason };
}

/** All critical checks at once. Undefined when there is nothing to complain of. */
async function failureNow(options: WatchOptions): Promise<string | undefined> {
  const state = options.service.state();
  if (state.kind === 'stopped') return 'the app is stopped';
  if (state.kind !== 'running') return `the app does not run, it ended with ${state.last_exit}`;
  const critical = options.release.manifest.checks.filter((check) => check.critical);
  const failures = await Promise.all(critical.map((check) => failureOf(check, options)));
  const found = failures.filter((failure) => failure !== undefined);
  return found.length === 0 ? undefined : found.join('; ');
}

async function noncriticalFailures(options: WatchOptions): Promise<readonly string[]> {
  const noncritical = options.release.manifest.checks.filter((check) => !check.critical);
  const failures = await Promise.all(noncritical.map((check) => failureOfAllTries(check, options)));
  return failures.filter((failure) => failure !== undefined);
}

async function failureOfAllTries(check: Check, options: WatchOptions): Promise<string | undefined> {
  const { clock, release, signal } = options;
  let failure = await failureOf(check, options);
  for (let tries = 1; failure !== undefined && tries < noncritical_tries_max && !signal.aborted; tries += 1) {
    await pause(clock, release.manifest.validation.interval_ms, signal);
    failure = await failureOf(check, options);
  }
  return failure;
}

async function failureOf(check: Check, options: WatchOptions): Promise<string | undefined> {
  const result = await options.checks.run(check, options.release, options.signal);
  options.onResult?.(check, result);
  return result.kind === 'passed' ? undefined : `check "${check.name}": ${result.detail}`;
}
