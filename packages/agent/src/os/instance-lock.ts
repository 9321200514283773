import { DatabaseSync } from 'node:sqlite';
import { DataError, sqliteCode } from './data/data-error.ts';

export type InstanceLock = { readonly kind: 'acquired'; release(): void } | { readonly kind: 'held' };

/**
 * Makes sure that only one agent works on a state folder. The lock is one that the kernel holds for this process, on
 * whatever system SQLite runs on, so that it ends with the process however that ends. It also ends
 * when the result is collected as garbage: keep it. The file itself stays, empty.
 * @throws when the file cannot be made
 */
export function acquireInstanceLock(path: string): InstanceLock {
  const database = open(path);
  try {
    // Without a journal on the disk, which a full one has no room for.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    // SQLITE_BUSY
    if (sqliteCode(error) === 5) return { kind: 'held' };
    throw new Error(`cannot lock ${path}; remove the file if it is not empty, then start again`, { cause: error });
  }
  return { kind: 'acquired', release: () => database.close() };
}

function open(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (error) {
    const message = `cannot open ${path}; check that its folder is there and writable`;
    throw new DataError(message, { cause: error, code: 'EACCES' });
  }
}
