import { expect, test } from 'vitest';
import { simulatedClock } from './simulated-clock.ts';

test('time passes only by sleeping, in the order in which the sleepers wake', async () => {
  const clock = simulatedClock(1_000);
  const woken: number[] = [];
  await Promise.all([30, 10, 20].map((duration_ms) => clock.sleep(duration_ms).then(() => woken.push(clock.now_ms()))));
  expect(woken).toEqual([1_010, 1_020, 1_030]);
});

test('a wall clock that is set, or runs fast, leaves the true time and the monotonic one alone', () => {
  const clock = simulatedClock(1_000);
  clock.pass(500);
  clock.set(0);
  expect([clock.now_ms(), clock.true_ms(), clock.monotonic_ms()]).toEqual([0, 1_500, 500]);
  clock.setDrift(0.5);
  clock.pass(1_000);
  expect([clock.now_ms(), clock.true_ms(), clock.monotonic_ms()]).toEqual([1_500, 2_500, 1_500]);
});

test('a sleep ends when it is aborted, and no time has passed', async () => {
  const clock = simulatedClock(0);
  const stop = new AbortController();
  const asleep = clock.sleep(1_000, stop.signal);
  stop.abort(new Error('enough'));
  await expect(asleep).rejects.toThrow('enough');
  expect(clock.monotonic_ms()).toBe(0);
});
