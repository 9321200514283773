import type { DatabaseSync } from 'node:sqlite';
import { DataError } from './data-error.ts';
import { openWritable } from './database.ts';
import { foreignKeyViolations } from './integrity.ts';

/**
 * All of the work or nothing, durable on return. Creates the database when there is none.
 *
 * Foreign keys are off meanwhile, because a table cannot be rebuilt with them on
 * (https://sqlite.org/lang_altertable.html#otheralter), so the whole database is checked before the commit. What was
 * violated before, in an app that never turned them on, is not held against the work.
 */
export function transaction(path: string, work: (database: DatabaseSync) => void): void {
  using database = openWritable(path);
  // EXTRA is FULL with a sync of the folder once a rollback journal is gone: without it a commit could come undone.
  database.exec('PRAGMA synchronous = EXTRA; BEGIN IMMEDIATE');
  try {
    const violations_before = foreignKeyViolations(database).length;
    work(database);
    const violations = foreignKeyViolations(database);
    if (violations.length > violations_before) {
      throw new DataError(`a foreign key would be broken: ${violations.at(-1)}; correct the migration`);
    }
    database.exec('COMMIT');
  } catch (error) {
    // On some errors SQLite has rolled back itself.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}
