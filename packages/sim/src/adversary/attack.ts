/** An attack on the way from vendor to device: what the attacker holds, what he does with it, and what must come of it. */

import type { ReportKind } from '@kedge/agent/report';
import type { Clock, Net } from '@kedge/core/ports';
import type { Role } from '@kedge/trust/roles';
import type { FileSystem } from '../disk/model.ts';
import type { Loot } from './loot.ts';

/** What an attack starts from. The attacker must not change it: he makes copies. */
export type Ground = {
  /** The vendor's disk: `/repository` is public, and of `/keys` the attacker may use what is in his loot. */
  readonly vendor: FileSystem;
  /** The same disk after each publication before, oldest first. Every mirror has these repositories as well. */
  readonly past: readonly FileSystem[];
  readonly now_ms: number;
};

/** What the device meets. */
export type Hostile = {
  /** A disk with a `/repository`. */
  readonly repository: FileSystem;
  /** Stands between the device and that repository, where files alone are not the attack. */
  readonly tap?: (net: Net, clock: Clock) => Net;
};

export type Verdict = {
  /** Of the device's look. In every case what was live before stays live. */
  readonly report: ReportKind;
  /** In the report's reasons or warnings. */
  readonly because: RegExp;
  /** What the device had seen and installed before: all that the vendor has, or all but the newest release. */
  readonly seen: 'all' | 'all but the newest';
  /** How long after the ground's time the device looks; by default at once. */
  readonly after_days?: number;
};

export type Attack = {
  readonly name: string;
  readonly loot: Loot;
  /** Undefined when this history gives nothing to do it with, such as no older release to go back to. */
  apply(ground: Ground): Promise<Hostile | undefined>;
  readonly verdict: Verdict;
  /**
   * Keys that the vendor has to replace before the device follows him again. For all other attacks it is enough that the
   * honest repository is back.
   */
  readonly heals_with?: readonly Role[];
};
