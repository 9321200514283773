import type { Policy } from './policy.ts';

const minute_ms = 60_000;
const hour_ms = 60 * minute_ms;

/**
 * When to look for updates again, milliseconds since 1970: after the policy's interval, or, after failures, after the
 * retry delay, which doubles with each failure up to the interval.
 *
 * @param failures how many checks in a row have failed
 * @param fraction a random one from 0 to 1: spreads the fleet over 10 % of the delay to either side
 */
export function nextCheckAt(
  policy: Pick<Policy, 'check_interval_hours' | 'retry_delay_minutes'>,
  checked_ms: number,
  failures: number,
  fraction: number,
): number {
  const interval_ms = policy.check_interval_hours * hour_ms;
  const retry_ms = policy.retry_delay_minutes * minute_ms * 2 ** (failures - 1);
  const delay_ms = failures === 0 ? interval_ms : Math.min(retry_ms, interval_ms);
  return Math.round(checked_ms + delay_ms * (0.9 + 0.2 * fraction));
}
