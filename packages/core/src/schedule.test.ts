import { describe, expect, test } from 'vitest';
import { nextCheckAt } from './schedule.ts';

const policy = { check_interval_hours: 24, retry_delay_minutes: 60 };
const hour_ms = 3_600_000;

describe('the next check', () => {
  test('comes after the interval, spread by a tenth of it to either side', () => {
    expect(nextCheckAt(policy, 0, 0, 0.5)).toBe(24 * hour_ms);
    expect(nextCheckAt(policy, 0, 0, 0)).toBe(21.6 * hour_ms);
    expect(nextCheckAt(policy, 1_000, 0, 1)).toBe(26.4 * hour_ms + 1_000);
  });

  test('comes sooner after a failure, later after each further one, and never later than the interval', () => {
    const hours = [1, 2, 3, 4, 5, 6, 7, 2_000].map((failures) => nextCheckAt(policy, 0, failures, 0.5) / hour_ms);
    expect(hours).toEqual([1, 2, 4, 8, 16, 24, 24, 24]);
  });

  test('after a failure is not later than the interval where the retry delay is the longer one', () => {
    const eager = { check_interval_hours: 1, retry_delay_minutes: 600 };
    expect(nextCheckAt(eager, 0, 1, 0.5)).toBe(hour_ms);
  });
});
