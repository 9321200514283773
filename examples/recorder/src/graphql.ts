/** Imported at the first GraphQL request: loading the engine would double the time to start. */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { buildSchema, type ExecutionResult, GraphQLError, graphql } from 'graphql';
import type { Model } from './model.ts';

export type GraphqlRequest = {
  readonly source: string;
  readonly variableValues: { readonly [name: string]: unknown };
};

export type GraphqlApi = (request: GraphqlRequest) => Promise<ExecutionResult>;

export function graphqlApi(database: DatabaseSync, model: Model): GraphqlApi {
  const schema = buildSchema(model.graphql);
  const queries = Object.entries(model.queries).map(([name, select]) => [name, () => database.prepare(select).all()]);
  const mutations = Object.entries(model.mutations).map(([name, statements]) => [
    name,
    (input: Input) => mutate(database, model, statements, input),
  ]);
  const rootValue: unknown = Object.fromEntries([...queries, ...mutations]);
  return (request) => graphql({ schema, rootValue, ...request });
}

/** The arguments of a field, which the GraphQL schema has checked: scalars only. */
type Input = { readonly [name: string]: SQLInputValue };

function mutate(database: DatabaseSync, model: Model, statements: readonly string[], input: Input): unknown {
  database.exec('BEGIN IMMEDIATE');
  try {
    let id: SQLInputValue | undefined;
    for (const sql of statements) {
      const statement = database.prepare(sql);
      statement.setAllowUnknownNamedParameters(true);
      id = statement.get({ ...input })?.['id'];
    }
    if (id === undefined) throw new GraphQLError('there is no such recording in a state that allows this');
    const recording = database.prepare(`SELECT * FROM (${model.queries.recordings}) WHERE id = ?`).get(id);
    database.exec('COMMIT');
    return recording;
  } catch (error) {
    // A full disk, for one, has made SQLite roll back already.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
