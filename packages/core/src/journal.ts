/**
 * The journal of one update: its states, the events that lead from one to the next, and what a record holds.
 *
 *   STAGING ─ STAGED ─ MIGRATING ─ MIGRATED ─ SWITCHING ─ SWITCHED ─ VALIDATING ─ VALIDATED ─ COMMITTING ─┐
 *      └──┬──────┘         └──────────┴───────────┴──────────┴───────────┘                                │
 *       dropped                                   failed                                                  │
 *         │                                    ROLLING_BACK                                               │
 *         └───────────────────────────────────── COMPLETE ◄───────────────────────────────────────────────┘
 */

import { instant, name, sha256Hex } from './manifest.ts';
import { boolean, type Infer, integer, nullable, object, oneOf, text, variants } from './parse.ts';
import { versionText } from './version.ts';

/** An update that is cut off in one of these is undone. */
export const undoneStates = [
  'STAGING',
  'STAGED',
  'MIGRATING',
  'MIGRATED',
  'SWITCHING',
  'SWITCHED',
  'VALIDATING',
] as const;

export const journalStates = [...undoneStates, 'VALIDATED', 'COMMITTING', 'ROLLING_BACK', 'COMPLETE'] as const;
export type JournalState = (typeof journalStates)[number];

export const releaseRef = object({ version: versionText, counter: integer({ min: 0 }), manifest_sha256: sha256Hex });
export type ReleaseRef = Infer<typeof releaseRef>;

export const backupRef = object({ id: name, taken_at: instant });
export type BackupRef = Infer<typeof backupRef>;

/** What every state knows. `from` is null for a first install, `backup` when there was no data yet. */
const update = {
  id: name,
  started_at: instant,
  from: nullable(releaseRef),
  to: releaseRef,
  backup: nullable(backupRef),
};

const failure = object({
  /** The state that the failure was found in; COMPLETE when a person goes back, UNKNOWN when the journal was damaged. */
  failed_in: oneOf(...undoneStates, 'COMPLETE', 'UNKNOWN'),
  reason: text({ length_max: 4096 }),
  /**
   * `release`: it is pinned out here, as what a `person` went back from is. `interrupted`: power or the agent went away;
   * pinned out when that recurs. `device` and `vendor`, who withdrew it: not pinned out.
   */
  fault: oneOf('release', 'device', 'interrupted', 'person', 'vendor'),
});
export type Failure = Infer<typeof failure>;

/** Writes of the app from `from` to `until` were lost, because the data came back from a backup. */
export const lostWrites = object({ from: instant, until: instant });
export type LostWrites = Infer<typeof lostWrites>;

export const journalRecord = variants({
  STAGING: update,
  STAGED: update,
  MIGRATING: update,
  MIGRATED: update,
  SWITCHING: update,
  SWITCHED: update,
  VALIDATING: update,
  VALIDATED: update,
  COMMITTING: update,
  ROLLING_BACK: {
    ...update,
    failure,
    /** Null while down migrations may do; from then on only the backup will. */
    lost_writes: nullable(lostWrites),
  },
  COMPLETE: {
    ...update,
    outcome: oneOf('committed', 'dropped', 'rolled_back'),
    failure: nullable(failure),
    lost_writes: nullable(lostWrites),
    /** Whether its report is in the outbox, or was. */
    reported: boolean,
  },
});
export type JournalRecord = Infer<typeof journalRecord>;

/** The fields that every state has. */
export const updateInFlight = object(update);
export type UpdateInFlight = Infer<typeof updateInFlight>;
