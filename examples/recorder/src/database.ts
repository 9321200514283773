import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Model } from './model.ts';

export type Opened =
  | { readonly kind: 'opened'; readonly database: DatabaseSync }
  | { readonly kind: 'refused'; readonly reason: string };

/** The recorder never makes or changes tables: that is what the release's migrations are for. */
export function openDatabase(folder: string, model: Model): Opened {
  const path = join(folder, 'recorder.db');
  if (!existsSync(path)) return { kind: 'refused', reason: `there is no ${path}: run the migrations first` };
  const database = new DatabaseSync(path, { timeout: 5_000 });
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  const has = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  const missing = model.tables.filter((table) => has.get(table) === undefined);
  if (missing.length === 0) return { kind: 'opened', database };
  database.close();
  return { kind: 'refused', reason: `${path} has no table ${missing.join(', ')}: run the migrations first` };
}

/** Why this version cannot work with the database, found by reading it as the API does; undefined when it can. */
export function databaseProblem(database: DatabaseSync, model: Model): string | undefined {
  try {
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version !== model.schema_version) {
      return `the database has schema ${version}, this version needs ${model.schema_version}`;
    }
    for (const select of Object.values(model.queries)) database.prepare(`SELECT * FROM (${select}) LIMIT 1`).get();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export function runningCount(database: DatabaseSync): number {
  const running = 'SELECT count(*) AS count FROM recordings WHERE started_at IS NOT NULL AND stopped_at IS NULL';
  return Number(database.prepare(running).get()?.['count']);
}
