import { describe, expect, test } from 'vitest';
import { fakeClock } from './fake-clock.ts';

describe('the fake clock', () => {
  test('wakes sleepers in the order in which they are due, each at its time', async () => {
    const clock = fakeClock();
    const woken: string[] = [];
    const late = clock.sleep(30).then(() => woken.push(`late at ${clock.monotonic_ms()}`));
    const early = clock
      .sleep(10)
      .then(() => clock.sleep(5))
      .then(() => woken.push(`early at ${clock.monotonic_ms()}`));
    await clock.advance(40);
    await Promise.all([late, early]);
    expect(woken).toEqual(['early at 15', 'late at 30']);
    expect(clock.monotonic_ms()).toBe(40);
  });

  test('rejects a sleep with the reason of its signal', async () => {
    const clock = fakeClock();
    const stop = new AbortController();
    const sleep = clock.sleep(1000, stop.signal);
    stop.abort(new Error('enough'));
    await expect(sleep).rejects.toThrow('enough');
    await expect(clock.sleep(1, stop.signal)).rejects.toThrow('enough');
  });

  test('moves the wall time alone when it jumps', () => {
    const clock = fakeClock(1000);
    clock.jump(-500);
    expect([clock.now_ms(), clock.monotonic_ms()]).toEqual([500, 0]);
  });

  test('tells when somebody sleeps', async () => {
    const clock = fakeClock();
    const asleep = clock.asleep();
    void clock.sleep(1);
    await asleep;
    expect(clock.sleeps_ms).toEqual([1]);
  });
});
