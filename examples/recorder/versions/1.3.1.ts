import type { Model } from '../src/model.ts';
import { model as broken } from './1.3.0.ts';

/** Mends 1.3.0. */
export const model: Model = {
  ...broken,
  queries: {
    ...broken.queries,
    recordings: `
      SELECT recordings.id, title, name AS show, priority, keep_days AS keepDays,
        started_at AS startedAt, stopped_at AS stoppedAt
      FROM recordings LEFT JOIN shows ON shows.id = show_id
      ORDER BY priority DESC, recordings.id`,
  },
};
