/** All that differs from one version of the recorder to the next: its data, and what its API makes of them. */
export type Model = {
  /** `PRAGMA user_version` as the last of this version's migrations leaves it: the number of that migration. */
  readonly schema_version: number;
  readonly tables: readonly string[];
  /** The GraphQL schema. */
  readonly graphql: string;
  /** A SELECT for each field of `Query`; its columns are named as the fields of the type it gives. */
  readonly queries: { readonly recordings: string; readonly [name: string]: string };
  /** Statements for each field of `Mutation`, run in one transaction; the last one returns the recording's id. */
  readonly mutations: { readonly [name: string]: readonly string[] };
  /** Fields of a recording that the page shows. */
  readonly page_fields: readonly string[];
};
