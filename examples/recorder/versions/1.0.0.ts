import type { Model } from '../src/model.ts';

export const model: Model = {
  schema_version: 1,
  tables: ['recordings'],
  graphql: `
    type Query {
      recordings: [Recording!]!
    }
    type Mutation {
      addRecording(title: String!): Recording!
      startRecording(id: ID!): Recording!
      stopRecording(id: ID!): Recording!
    }
    type Recording {
      id: ID!
      title: String!
      startedAt: String
      stoppedAt: String
    }`,
  queries: {
    recordings: 'SELECT id, title, started_at AS startedAt, stopped_at AS stoppedAt FROM recordings ORDER BY id',
  },
  mutations: {
    addRecording: ['INSERT INTO recordings (title) VALUES (:title) RETURNING id'],
    startRecording: [
      `UPDATE recordings SET started_at = strftime('%Y-%m-%dT%H:%M:%fZ')
       WHERE id = :id AND started_at IS NULL RETURNING id`,
    ],
    stopRecording: [
      `UPDATE recordings SET stopped_at = strftime('%Y-%m-%dT%H:%M:%fZ')
       WHERE id = :id AND started_at IS NOT NULL AND stopped_at IS NULL RETURNING id`,
    ],
  },
  page_fields: ['title', 'startedAt', 'stoppedAt'],
};
