import type { Model } from '../src/model.ts';
import { model as before } from './1.2.0.ts';

/** Adds retention, and is broken: it reads the column `retention_days`, which migration 0004 calls `keep_days`. */
export const model: Model = {
  schema_version: 4,
  tables: before.tables,
  graphql: `${before.graphql}
    extend type Mutation {
      setKeepDays(id: ID!, days: Int!): Recording!
    }
    extend type Recording {
      keepDays: Int!
    }`,
  queries: {
    ...before.queries,
    recordings: `
      SELECT recordings.id, title, name AS show, priority, retention_days AS keepDays,
        started_at AS startedAt, stopped_at AS stoppedAt
      FROM recordings LEFT JOIN shows ON shows.id = show_id
      ORDER BY priority DESC, recordings.id`,
  },
  mutations: {
    ...before.mutations,
    setKeepDays: ['UPDATE recordings SET keep_days = :days WHERE id = :id RETURNING id'],
  },
  page_fields: [...before.page_fields, 'keepDays'],
};
