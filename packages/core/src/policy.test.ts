import { expect, test } from 'vitest';
import { parseWith } from './parse.ts';
import { defaultPolicy, policy } from './policy.ts';

test('the policy of a device whose owner has said nothing', () => {
  expect(defaultPolicy).toStrictEqual({
    severity: { critical: 'now', major: 'ask', minor: 'auto', patch: 'auto', feature: 'ask' },
    windows: [],
    time_zone: 'UTC',
    check_interval_hours: 24,
    revocation_age_hours_max: 168,
    retry_delay_minutes: 60,
  });
});

test('a rule for one severity leaves the others as they are', () => {
  expect(parseWith(policy, { severity: { major: 'never' } }, 'policy').severity).toEqual({
    ...defaultPolicy.severity,
    major: 'never',
  });
});

test.each([
  [{ severity: { huge: 'now' } }, 'severity.huge: is not known'],
  [{ severity: { major: 'later' } }, 'severity.major: must be one of now, auto, ask, never'],
  [{ time_zone: 'Berlin' }, 'time_zone: must be a time zone like Europe/Berlin'],
  [{ windows: [{ start: '1:00', end: '02:00' }] }, 'windows[0].start: must be a time of day'],
  [{ check_interval_hours: 0.5 }, 'check_interval_hours: must be a number from 1 to 168'],
  [{ check_interval_hours: 169 }, 'check_interval_hours: must be a number from 1 to 168'],
  [{ download_bytes_max: 0 }, 'download_bytes_max: must be a whole number from 1'],
])('%j is refused', (input, problem) => {
  expect(() => parseWith(policy, input, 'policy')).toThrow(problem);
});
