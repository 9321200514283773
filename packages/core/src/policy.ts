/** What the owner of a device has decided about its updates. */

import type { Severity } from './channel.ts';
import { type Infer, integer, list, number, object, oneOf, optional, withDefault } from './parse.ts';
import { maintenanceWindow, timeZone } from './window.ts';

/**
 * `now`: whatever the hour. `auto`: in the next maintenance window. `ask`: in the next maintenance window after a person
 * has approved it. `never`: only when a person installs it.
 */
const rule = oneOf('now', 'auto', 'ask', 'never');
export type UpdateRule = Infer<typeof rule>;

const severityRules = {
  critical: withDefault(rule, 'now'),
  major: withDefault(rule, 'ask'),
  minor: withDefault(rule, 'auto'),
  patch: withDefault(rule, 'auto'),
  feature: withDefault(rule, 'ask'),
} satisfies { readonly [S in Severity]: unknown };

export const policy = object({
  severity: withDefault(object(severityRules), object(severityRules).parse({}, 'severity')),
  /** None: at any time. */
  windows: withDefault(list(maintenanceWindow, { max: 100 }), []),
  time_zone: withDefault(timeZone, 'UTC'),
  /** For one update. */
  download_bytes_max: optional(integer({ min: 1 })),
  bandwidth_bytes_per_s_max: optional(integer({ min: 1 })),
  check_interval_hours: withDefault(number({ min: 1, max: 168 }), 24),
  /** Nothing is installed on the word of a revocation list that was last refreshed longer ago. */
  revocation_age_hours_max: withDefault(number({ min: 1, max: 8_760 }), 168),
  /** After the first check that failed; see `nextCheckAt`. */
  retry_delay_minutes: withDefault(number({ min: 1, max: 10_080 }), 60),
});
export type Policy = Infer<typeof policy>;

export const defaultPolicy: Policy = policy.parse({}, 'policy');
