/** One history of a vendor and a device, as plain data: what happens, and which faults happen meanwhile. */

import { boolean, type Infer, integer, list, number, object, oneOf, text, variants } from '@kedge/core/parse';
import { fault } from '../faults/fault.ts';

export const healths = [
  'well',
  /** Healthy, but not at once. */
  'slow',
  /** No check ever passes. */
  'ill',
  /** Until the vendor's server, which it needs, is mended: some hours after it was published. */
  'ill_for_a_while',
  'crashes',
  'does_not_start',
] as const;
export type Health = (typeof healths)[number];

/** Those that may stay on a device. */
export const goodHealths: ReadonlySet<Health> = new Set(['well', 'slow', 'ill_for_a_while']);

export const releasePlan = object({
  version: text(),
  counter: integer({ min: 1 }),
  /** Each release has all those of the one before. */
  migrations: integer({ min: 0, max: 9 }),
  /** Numbers of those that have no way down. */
  one_way: list(integer({ min: 1 })),
  health: oneOf(...healths),
  severity: oneOf('critical', 'patch', 'feature'),
  ballast_bytes: integer({ min: 0, max: 4_000_000 }),
  /** It is for other hardware than the device's. */
  foreign: boolean,
});
export type ReleasePlan = Infer<typeof releasePlan>;

export const act = variants({
  /** The vendor. `mirrored`: the mirror follows at once. */
  publish: { release: releasePlan, mirrored: boolean },
  withdraw: { back: integer({ min: 0 }), action: oneOf('refuse', 'roll_back'), mirrored: boolean },
  replace_keys: {
    role: oneOf('root', 'targets', 'snapshot', 'timestamp', 'stable', 'revocations'),
    mirrored: boolean,
  },
  sign: { mirrored: boolean },
  /** Time. */
  wait: { hours: number({ min: 0, max: 10_000 }) },
  /** The device, and the people who use it. */
  look: {},
  live: { hours: number({ min: 0, max: 100 }) },
  go_back: { may_lose_writes: boolean },
  approve: {},
  use: {},
  restart: {},
});
export type Act = Infer<typeof act>;

export const step = object({ act, faults: list(fault) });
export type Step = Infer<typeof step>;

export const scenario = object({
  /** For what is left to chance besides the faults, such as ids. */
  seed: integer({ min: 0 }),
  steps: list(step),
});
export type Scenario = Infer<typeof scenario>;
