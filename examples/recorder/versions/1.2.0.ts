import type { Model } from '../src/model.ts';
import { model as before } from './1.1.0.ts';

/** Adds shows. */
export const model: Model = {
  schema_version: 3,
  tables: [...before.tables, 'shows'],
  graphql: `${before.graphql}
    extend type Query {
      shows: [Show!]!
    }
    extend type Mutation {
      setShow(id: ID!, show: String!): Recording!
    }
    extend type Recording {
      show: String
    }
    type Show {
      name: String!
      recordingCount: Int!
    }`,
  queries: {
    recordings: `
      SELECT recordings.id, title, name AS show, priority, started_at AS startedAt, stopped_at AS stoppedAt
      FROM recordings LEFT JOIN shows ON shows.id = show_id
      ORDER BY priority DESC, recordings.id`,
    shows: `
      SELECT name, count(recordings.id) AS recordingCount
      FROM shows LEFT JOIN recordings ON show_id = shows.id
      GROUP BY shows.id ORDER BY name`,
  },
  mutations: {
    ...before.mutations,
    setShow: [
      'INSERT INTO shows (name) VALUES (:show) ON CONFLICT DO NOTHING',
      'UPDATE recordings SET show_id = (SELECT id FROM shows WHERE name = :show) WHERE id = :id RETURNING id',
    ],
  },
  page_fields: ['show', ...before.page_fields],
};
