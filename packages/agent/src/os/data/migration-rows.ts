/** The table `_migrations`, in which a database remembers what was applied to it. */

import type { DatabaseSync } from 'node:sqlite';
import { list, object, parseWith, text } from '@kedge/core/parse';
import type { AppliedMigration } from '../../ports.ts';
import { DataError } from './data-error.ts';

const appliedRows = list(object({ id: text(), checksum: text(), applied_at: text() }), { max: 100_000 });

/** In the order in which they were added; empty when there is no table. */
export function allRows(database: DatabaseSync): readonly AppliedMigration[] {
  if (!hasTable(database)) return [];
  const rows = database.prepare('SELECT id, checksum, applied_at FROM _migrations ORDER BY rowid').all();
  return parseWith(appliedRows, rows, '_migrations');
}

/** @throws DataError when another migration was applied under that id */
export function hasRow(database: DatabaseSync, id: string, checksum: string): boolean {
  const row = allRows(database).find((row) => row.id === id);
  if (row === undefined || row.checksum === checksum) return row !== undefined;
  throw new DataError(`migration ${id} was changed after it was applied; add a new migration instead`);
}

export function addRow(
  database: DatabaseSync,
  row: { readonly id: string; readonly checksum: string; readonly version: string },
  now_ms: number,
): void {
  database.exec(
    'CREATE TABLE IF NOT EXISTS _migrations (id TEXT PRIMARY KEY, checksum TEXT, version TEXT, applied_at TEXT)',
  );
  database
    .prepare('INSERT INTO _migrations (id, checksum, version, applied_at) VALUES (?, ?, ?, ?)')
    .run(row.id, row.checksum, row.version, new Date(now_ms).toISOString());
}

export function removeRow(database: DatabaseSync, id: string): void {
  database.prepare('DELETE FROM _migrations WHERE id = ?').run(id);
}

function hasTable(database: DatabaseSync): boolean {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_migrations'").get();
  return found !== undefined;
}
