import type { DatabaseSync } from 'node:sqlite';
import { sqliteCode } from './data-error.ts';
import { openWritable } from './database.ts';

const problems_max = 100;

/** What is wrong inside a database, one line for each problem, at most 200; empty when all is well. Reads all of it; it must exist. */
export function integrityProblems(path: string): readonly string[] {
  try {
    // A read-only connection does not even load the CHECK constraints.
    using database = openWritable(path);
    database.exec('PRAGMA query_only = ON');
    const lines = database.prepare(`PRAGMA integrity_check(${problems_max})`).all();
    const problems = lines.map((row) => String(row['integrity_check'])).filter((line) => line !== 'ok');
    return [...problems, ...foreignKeyViolations(database).slice(0, problems_max)];
  } catch (error) {
    // SQLITE_CORRUPT, SQLITE_NOTADB: too damaged even to be asked.
    const code = sqliteCode(error);
    if (code === 11 || code === 26) return [error instanceof Error ? error.message : String(error)];
    throw error;
  }
}

export function foreignKeyViolations(database: DatabaseSync): readonly string[] {
  const rows = database.prepare('PRAGMA foreign_key_check').all();
  return rows.map((row) => {
    const [table, rowid, parent] = [row['table'], row['rowid'], row['parent']].map(String);
    return `row ${rowid} of ${table} points to no row of ${parent}`;
  });
}
