/** A fault, as plain data: it can be written down, taken out and put back. The rest of a scenario does not depend on it. */

import { boolean, type Infer, integer, number, oneOf, text, variants } from '@kedge/core/parse';

export const netFaultKinds = [
  /** No connection, or none that lasts. */
  'refused',
  'reset',
  'partition',
  /** No answer, or none that goes on. */
  'stall',
  'stall_in_body',
  'slow',
  /** Another answer than the one to this request. */
  'other_file',
  'old_file',
  'portal',
  'redirect',
  'server_error',
  'too_many_requests',
  /** The right file, not as it should be. */
  'truncated',
  'flipped',
  'wrong_length',
  'too_long',
  'endless',
  'empty',
  /** A server that does not know what a range is. */
  'range_ignored',
  'range_elsewhere',
  'range_untold',
] as const;
export type NetFaultKind = (typeof netFaultKinds)[number];

export const diskFaultKinds = ['full', 'write_error', 'read_error', 'read_only'] as const;
export type DiskFaultKind = (typeof diskFaultKinds)[number];

const count = integer({ min: 0, max: 1_000_000 });
/** Of the changes that the device makes to its disk in this step; the first one is 0. */
const operation = count;
/** What is left to chance in it. */
const chance = integer({ min: 0, max: 2 ** 32 });

export const sources = ['vendor', 'mirror', 'all'] as const;
export const subjects = ['anything', 'artifacts'] as const;

export const fault = variants({
  /** Of the step's requests to that source for that. */
  net: {
    how: oneOf(...netFaultKinds),
    source: oneOf(...sources),
    subject: oneOf(...subjects),
    from: count,
    count,
    chance,
  },
  /** `read_error` counts reads, the others changes. */
  disk: { how: oneOf(...diskFaultKinds), from: count, count },
  /** The power goes. `again`: and once more in the recovery, and in that one's recovery. */
  power_cut: { at: operation, again: integer({ min: -1 }), once_more: integer({ min: -1 }), chance },
  /** The agent is killed, and its disk keeps what is not synced yet; `again`: then the power goes in the recovery. */
  kill: { at: operation, again: integer({ min: -1 }), chance },
  /** The agent is asked to stop. */
  stop: { at: operation },
  /** `stays`: until somebody sets the clock right, else until the end of the step. */
  clock_set: { at: operation, to_ms: integer({ min: 0 }), stays: boolean },
  clock_jump: { at: operation, by_s: number({ min: -1e9, max: 1e9 }), stays: boolean },
  clock_drift: { rate: number({ min: -0.9, max: 10 }), stays: boolean },
  /** One of `adversary/`. */
  attack: { name: text(), source: oneOf(...sources) },
});
export type Fault = Infer<typeof fault>;
export type FaultOf<K extends Fault['kind']> = Fault & { readonly kind: K };

/** As it is counted. */
export function nameOf(fault: Fault): string {
  switch (fault.kind) {
    case 'net':
    case 'disk':
      return `${fault.kind} ${fault.how}`;
    case 'attack':
      return `attack: ${fault.name}`;
    default:
      return fault.kind;
  }
}
