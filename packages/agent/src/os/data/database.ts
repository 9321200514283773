/** Opening SQLite databases that belong to the app. Both are to be held by `using`. */

import { DatabaseSync } from 'node:sqlite';
import { sqliteCode } from './data-error.ts';

/** How long a lock that another process holds is waited for. */
const busy_timeout_ms = 5_000;

/** Creates the database when there is none. Foreign keys are off, see `transaction`. */
export function openWritable(path: string): DatabaseSync {
  return new DatabaseSync(path, { timeout: busy_timeout_ms, enableForeignKeyConstraints: false });
}

/** The database must exist. Nothing in it changes, but a journal that a dead program left is rolled back. */
export function openReadable(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { readOnly: true, timeout: busy_timeout_ms });
  try {
    database.prepare('SELECT 1 FROM sqlite_schema').get();
    return database;
  } catch (error) {
    database.close();
    // SQLITE_READONLY and SQLITE_CANTOPEN: there is a journal to roll back, or the WAL's shared memory is to be made.
    const code = sqliteCode(error);
    if (code !== 8 && code !== 14) throw error;
    return openWritable(path);
  }
}
