import { describe, expect, test } from 'vitest';
import { systemClock } from './clock.ts';

describe('the clock', () => {
  test('tells the wall time, and a monotonic one that does not go back', () => {
    expect(Math.abs(systemClock.now_ms() - Date.now())).toBeLessThan(1_000);
    let before_ms = systemClock.monotonic_ms();
    for (let count = 0; count < 1_000; count += 1) {
      const now_ms = systemClock.monotonic_ms();
      expect(now_ms).toBeGreaterThanOrEqual(before_ms);
      before_ms = now_ms;
    }
  });

  test('sleeps no shorter than it is asked to', async () => {
    const began_ms = systemClock.monotonic_ms();
    await systemClock.sleep(20);
    // A timer may come up to a millisecond early.
    expect(systemClock.monotonic_ms() - began_ms).toBeGreaterThanOrEqual(19);
  });

  test('rejects a sleep with the reason of the signal, before it and in it', async () => {
    const reason = new Error('stop');
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const stop = new AbortController();
    const asleep = systemClock.sleep(60_000, stop.signal);
    stop.abort(reason);
    await expect(asleep).rejects.toBe(reason);
    const plain = new AbortController();
    const other = systemClock.sleep(60_000, plain.signal);
    plain.abort('a word');
    await expect(other).rejects.toMatchObject({ message: 'aborted', cause: 'a word' });
  });

  test('does not take a sleep of months for none', async () => {
    const stop = new AbortController();
    const asleep = systemClock.sleep(2 ** 40, stop.signal).then(() => 'awake');
    expect(await Promise.race([asleep, systemClock.sleep(20).then(() => 'asleep')])).toBe('asleep');
    const settled = asleep.catch(() => 'stopped');
    stop.abort();
    expect(await settled).toBe('stopped');
  });
});
