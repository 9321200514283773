import type { Check } from '@kedge/core/manifest';
import { describe, expect, test } from 'vitest';
import type { CheckResult, Service, ServiceState } from './ports.ts';
import { sampleRelease } from './service/sample-release.ts';
import { type FakeClock, fakeClock } from './testing/fake-clock.ts';
import { type Verdict, watchHealth } from './validation.ts';

const running: ServiceState = { kind: 'running', since_ms: 0, restarts: 0 };
const passed: CheckResult = { kind: 'passed' };
const failed = (detail: string): CheckResult => ({ kind: 'failed', detail });

type World = {
  readonly checks?: readonly unknown[];
  readonly validation?: unknown;
  /** By the clock. */
  readonly state?: (now_ms: number) => ServiceState;
  readonly answer?: (check: Check, now_ms: number, signal: AbortSignal) => CheckResult | Promise<CheckResult>;
  readonly signal?: AbortSignal;
};

type Watched = { readonly clock: FakeClock; readonly verdict: Promise<Verdict>; readonly runs: string[] };

function watch(world: World): Watched {
  const clock = fakeClock();
  const runs: string[] = [];
  const {
    checks = [],
    validation = {},
    state = () => running,
    answer = () => passed,
    signal = new AbortController().signal,
  } = world;
  const service: Service = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    state: () => state(clock.monotonic_ms()),
  };
  const verdict = watchHealth({
    clock,
    service,
    signal,
    release: sampleRelease('/app', { checks, validation }),
    checks: { run: (check, _, signal) => Promise.resolve(answer(check, clock.monotonic_ms(), signal)) },
    onResult: (check, result) => runs.push(`${clock.monotonic_ms()} ${check.name} ${result.kind}`),
  });
  return { clock, verdict, runs };
}

const web = { kind: 'tcp', name: 'web', address: '127.0.0.1:1' };
const extra = { kind: 'tcp', name: 'extra', critical: false, address: '127.0.0.1:1' };

describe('a release that has just gone live', () => {
  test('is healthy once its checks have passed without a break for long enough', async () => {
    const { clock, verdict, runs } = watch({ checks: [web] });
    await clock.advance(5000);
    expect(await verdict).toEqual({ kind: 'healthy', after_ms: 5000, warnings: [] });
    expect(runs.slice(0, 6).map((run) => run.split(' ')[0])).toEqual(['0', '25', '75', '175', '375', '775']);
    expect(runs.at(-1)).toBe('5000 web passed');
  });

  test('has to begin again after one failure', async () => {
    const { clock, verdict } = watch({
      checks: [web],
      answer: (_, now_ms) => (now_ms === 3575 ? failed('refused') : passed),
    });
    await clock.advance(60_000);
    expect(await verdict).toEqual({ kind: 'healthy', after_ms: 9575, warnings: [] });
  });

  test('has to begin again after a restart that no check saw', async () => {
    const { clock, verdict } = watch({
      checks: [web],
      state: (now_ms) => (now_ms < 3000 ? running : { kind: 'running', since_ms: 2900, restarts: 1 }),
    });
    await clock.advance(60_000);
    expect(await verdict).toMatchObject({ kind: 'healthy', after_ms: 8575 });
  });

  test('is unhealthy at the deadline, for the reason seen last', async () => {
    const { clock, verdict } = watch({
      checks: [web],
      answer: (_, now_ms) => failed(now_ms < 30_000 ? 'connection refused' : 'answered 503'),
    });
    await clock.advance(60_000);
    expect(await verdict).toEqual({
      kind: 'unhealthy',
      reason: 'not healthy within 60000 ms: check "web": answered 503',
    });
  });

  test('is unhealthy at the deadline even when a check hangs', async () => {
    const { clock, verdict } = watch({
      checks: [{ ...web, timeout_ms: 600_000 }],
      answer: (_, __, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(failed('no answer')));
        }),
    });
    await clock.advance(60_000);
    expect(await verdict).toEqual({ kind: 'unhealthy', reason: 'not healthy within 60000 ms: check "web": no answer' });
  });

  test('is unhealthy when it was healthy too late', async () => {
    const { clock, verdict } = watch({
      checks: [web],
      validation: { deadline_ms: 10_000 },
      answer: (_, now_ms) => (now_ms < 7000 ? failed('connection refused') : passed),
    });
    await clock.advance(10_000);
    expect(await verdict).toEqual({
      kind: 'unhealthy',
      reason:
        'healthy for only 2425 of the needed 5000 ms when 10000 ms were over; ' +
        'before that: check "web": connection refused',
    });
  });

  test('is unhealthy at once in a crash loop, and the reason names the last exit', async () => {
    const { clock, verdict, runs } = watch({
      checks: [web],
      state: (now_ms) =>
        now_ms < 15_000
          ? { kind: 'backing_off', exits: 2, last_exit: 'exit code 3' }
          : { kind: 'crash_loop', exits: 5, last_exit: 'signal SIGSEGV' },
    });
    await clock.advance(16_000);
    expect(await verdict).toEqual({
      kind: 'unhealthy',
      reason: 'crash loop: 5 exits, the last one with signal SIGSEGV',
    });
    expect(runs).toEqual([]);
  });

  test('without checks has only to keep running', async () => {
    const { clock, verdict } = watch({ validation: { healthy_for_ms: 200 } });
    await clock.advance(200);
    expect(await verdict).toEqual({ kind: 'healthy', after_ms: 200, warnings: [] });

    const ended = watch({ state: () => ({ kind: 'backing_off', exits: 1, last_exit: 'exit code 1' }) });
    await ended.clock.advance(60_000);
    expect(await ended.verdict).toEqual({
      kind: 'unhealthy',
      reason: 'not healthy within 60000 ms: the app does not run, it ended with exit code 1',
    });
  });

  test('is only warned about by a non-critical check that fails three times', async () => {
    const { clock, verdict, runs } = watch({
      checks: [web, extra],
      validation: { healthy_for_ms: 0 },
      answer: (check) => (check.name === 'extra' ? failed('refused') : passed),
    });
    await clock.advance(2000);
    expect(await verdict).toEqual({ kind: 'healthy', after_ms: 0, warnings: ['check "extra": refused'] });
    expect(runs).toEqual(['0 web passed', '0 extra failed', '1000 extra failed', '2000 extra failed']);
  });

  test('is not warned about by a non-critical check that passes at the second try', async () => {
    const { clock, verdict } = watch({
      checks: [extra],
      validation: { healthy_for_ms: 0 },
      answer: (_, now_ms) => (now_ms === 0 ? failed('refused') : passed),
    });
    await clock.advance(2000);
    expect(await verdict).toEqual({ kind: 'healthy', after_ms: 0, warnings: [] });
  });

  test('is no longer watched when the signal is aborted', async () => {
    const stop = new AbortController();
    const { clock, verdict } = watch({ checks: [web], signal: stop.signal });
    await clock.advance(100);
    stop.abort(new Error('the agent stops'));
    await expect(verdict).rejects.toThrow('the agent stops');
  });
});
