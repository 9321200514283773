import type { Model } from '../src/model.ts';
import { model as before } from './1.0.0.ts';

/** Adds priorities. */
export const model: Model = {
  schema_version: 2,
  tables: before.tables,
  graphql: `${before.graphql}
    extend type Mutation {
      "From 0 to 9, the most important."
      setPriority(id: ID!, priority: Int!): Recording!
    }
    extend type Recording {
      priority: Int!
    }`,
  queries: {
    recordings: `
      SELECT id, title, priority, started_at AS startedAt, stopped_at AS stoppedAt
      FROM recordings ORDER BY priority DESC, id`,
  },
  mutations: {
    ...before.mutations,
    setPriority: ['UPDATE recordings SET priority = :priority WHERE id = :id RETURNING id'],
  },
  page_fields: ['priority', ...before.page_fields],
};
