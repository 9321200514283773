import type { Device } from '@kedge/agent/device';
import type { History } from '../simulated-app.ts';

/** A device that has recovered, and what the outside world knows of it. */
export type Recovered = {
  readonly device: Device;
  readonly history: History;
  /** The versions that may be live now; undefined stands for none. */
  readonly legal: readonly (string | undefined)[];
  /** Migrations of each of them. */
  readonly migrations: ReadonlyMap<string, readonly string[]>;
  /**
   * Of a long history: the promised rows that reports gave up, from one index up to another. Absent: what the device's
   * newest report says.
   */
  readonly given_up?: readonly { readonly from: number; readonly until: number }[];
  /** Every path that was changed. */
  readonly touched: ReadonlySet<string>;
};

/** Undefined when the invariant holds; else one line that says how it does not. */
export type Checker = (recovered: Recovered) => Promise<string | undefined>;
