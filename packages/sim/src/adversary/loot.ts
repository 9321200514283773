/** What an attacker may hold besides the way to the device, which is a mirror that every attacker has. */

import type { Role } from '@kedge/trust/roles';

export type Loot =
  | 'nothing'
  /** The two online keys. */
  | 'timestamp and snapshot'
  /** One of the root's, one of targets', and the two online keys. */
  | 'one key of two'
  /** That of the timestamp which counted before. */
  | 'a revoked key'
  /** That of the channel which the device follows. */
  | 'the channel'
  | 'the channel, timestamp and snapshot'
  | 'revocations, timestamp and snapshot';

const online = ['timestamp', 'snapshot'] as const;

/** Whose keys are stolen. Of root and targets it is one, where each takes two. */
export const stolenRoles: { readonly [loot in Loot]: readonly Role[] } = {
  nothing: [],
  'timestamp and snapshot': online,
  'one key of two': ['root', 'targets', ...online],
  'a revoked key': ['timestamp'],
  'the channel': ['stable'],
  'the channel, timestamp and snapshot': ['stable', ...online],
  'revocations, timestamp and snapshot': ['revocations', ...online],
};
