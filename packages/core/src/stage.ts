/** The nine stages of an update, the five phases of applying it, and every way that its journal can go. */

import type { JournalState } from './journal.ts';

/** `commit` stands for "commit or roll back": stage 8 is one of the two. */
export const stages = [
  { number: 1, name: 'discover', label: 'Looking for a new release' },
  { number: 2, name: 'evaluate', label: 'Deciding whether to install it' },
  { number: 3, name: 'download', label: 'Downloading it' },
  { number: 4, name: 'verify', label: 'Verifying it' },
  { number: 5, name: 'prepare', label: 'Checking the device and backing up data' },
  { number: 6, name: 'apply', label: 'Installing it' },
  { number: 7, name: 'validate', label: 'Watching that it works' },
  { number: 8, name: 'commit', label: 'Keeping it, or going back' },
  { number: 9, name: 'report', label: 'Reporting how it went' },
] as const;
export type StageName = (typeof stages)[number]['name'];

export const phases = [
  { number: 1, name: 'stage', label: 'Unpacking the release beside the old one' },
  { number: 2, name: 'migrate', label: 'Migrating data' },
  { number: 3, name: 'switch', label: 'Switching to the new release' },
  { number: 4, name: 'validate', label: 'Watching that it works' },
  { number: 5, name: 'commit', label: 'Keeping it' },
] as const;
export type PhaseName = (typeof phases)[number]['name'];

/**
 * Null stands for "no journal", which a damaged one counts as. From VALIDATED there is no way back but a person's, after
 * COMPLETE. The journal of an update that is complete stays until the next one begins.
 */
// biome-ignore format: one line for each way, aligned
const transitions = [
  // state         event          next
  [null,           'stage',       'STAGING'],
  ['STAGING',      'staged',      'STAGED'],
  ['STAGED',       'migrate',     'MIGRATING'],
  ['MIGRATING',    'migrated',    'MIGRATED'],
  ['MIGRATED',     'switch',      'SWITCHING'],
  ['SWITCHING',    'switched',    'SWITCHED'],
  ['SWITCHED',     'validate',    'VALIDATING'],
  ['VALIDATING',   'validated',   'VALIDATED'],
  ['VALIDATED',    'commit',      'COMMITTING'],
  ['COMMITTING',   'committed',   'COMPLETE'],

  ['STAGING',      'drop',        'COMPLETE'],
  ['STAGED',       'drop',        'COMPLETE'],

  ['MIGRATING',    'fail',        'ROLLING_BACK'],
  ['MIGRATED',     'fail',        'ROLLING_BACK'],
  ['SWITCHING',    'fail',        'ROLLING_BACK'],
  ['SWITCHED',     'fail',        'ROLLING_BACK'],
  ['VALIDATING',   'fail',        'ROLLING_BACK'],
  ['COMPLETE',     'fail',        'ROLLING_BACK'],
  [null,           'fail',        'ROLLING_BACK'],
  ['ROLLING_BACK', 'rolled_back', 'COMPLETE'],

  ['COMPLETE',     'stage',       'STAGING'],
] as const satisfies readonly (readonly [JournalState | null, string, JournalState])[];

export type JournalEvent = (typeof transitions)[number][1];

/** @throws when the event cannot come in this state: a bug in the caller */
export function nextState(state: JournalState | null, event: JournalEvent): JournalState {
  const transition = transitions.find(([from, on]) => from === state && on === event);
  if (!transition) throw new Error(`event ${event} cannot come when the journal is ${state ?? 'not there'}`);
  return transition[2];
}
