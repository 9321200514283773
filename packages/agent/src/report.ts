/** What one look for updates came to. It is what `update` returns, what a person is told, and what is reported. */

import { lostWrites } from '@kedge/core/journal';
import { instant, name } from '@kedge/core/manifest';
import { type Infer, integer, list, nullable, object, oneOf, text, withDefault } from '@kedge/core/parse';
import { versionText } from '@kedge/core/version';

export const reportKinds = [
  /** Nothing newer. */
  'up_to_date',
  /** For a person, a window, a check that must pass first, or a device with more room. */
  'waiting',
  /** The repository could not be reached or believed, now; nothing was looked at. */
  'blocked',
  /** Something was offered that this device must not take. */
  'refused',
  /** Something went wrong before the release was touched. */
  'failed',
  'updated',
  /** The release was staged and dropped again; the app ran all along. */
  'dropped',
  /** Program and data are back. */
  'rolled_back',
  /** Neither back nor through yet; tried again soon, and at the next start. */
  'unfinished',
] as const;

/** What stood in the way, for scripts: a sentence is for people. */
const obstacle = nullable(oneOf('no_space', 'unreachable'));
export type Obstacle = Infer<typeof obstacle>;

export const report = object({
  /** Of the update, where there was one: a report that is sent twice is the same report. */
  id: name,
  device_id: name,
  product: name,
  at: instant,
  kind: oneOf(...reportKinds),
  from: nullable(versionText),
  to: nullable(versionText),
  /** The stage that it ended in. */
  stage: text(),
  /** Sentences for people: why. */
  reasons: list(text({ length_max: 8192 })),
  obstacle: withDefault(obstacle, null),
  warnings: list(text({ length_max: 8192 })),
  lost_writes: nullable(lostWrites),
  /** When the device goes on by itself with what it waits for, where that is known. */
  waits_until: nullable(instant),
  fetched_bytes: integer({ min: 0 }),
  stages: list(object({ name: text(), duration_ms: integer({ min: 0 }) })),
});
export type Report = Infer<typeof report>;
export type ReportKind = Report['kind'];

/** What a stage can say of how it came out; stage 9 knows the rest. */
export type Result = Pick<Report, 'kind' | 'stage' | 'reasons'> & Partial<Report>;

/** A stage that does not lead on to the next one. */
export type Ended = { readonly kind: 'ended'; readonly result: Result };

export function ended(result: Result): Ended {
  return { kind: 'ended', result };
}
