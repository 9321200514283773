/** The SQL of a migration: read from the release, compared with the manifest, and run without leaving its transaction. */

import { constants, type DatabaseSync } from 'node:sqlite';
import type { Migration } from '@kedge/core/manifest';
import type { Disk, Sha256 } from '@kedge/core/ports';
import type { LocalRelease } from '../../ports.ts';
import { DataError } from './data-error.ts';

export type SqlMigration = Extract<Migration, { kind: 'sql' }>;
/** Empty where the migration has none. */
export type SqlScripts = { readonly up: string; readonly down: string; readonly precheck: string };

const script_bytes_max = 16 * 1024 * 1024;

/** @throws DataError when the scripts are not those of the manifest */
export async function readScripts(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  migration: SqlMigration,
  release: LocalRelease,
): Promise<SqlScripts> {
  const hash = ports.sha256();
  const read = async (path: string | undefined): Promise<string> => {
    if (path === undefined) return '';
    const bytes = await ports.disk.read(`${release.folder}/${path}`, script_bytes_max);
    if (!bytes) throw new DataError(`${migration.id}: ${path} is not in the release; publish it again`);
    hash.update(bytes);
    hash.update(new Uint8Array(1));
    return scriptText(bytes, path);
  };
  const up = await read(migration.up);
  const down = await read(migration.down);
  const precheck = await read(migration.precheck);
  if (hash.hex() !== migration.sha256) {
    throw new DataError(`${migration.id}: its scripts are not those of the manifest; stage the release again`);
  }
  return { up, down, precheck };
}

function scriptText(bytes: Uint8Array, path: string): string {
  // SQLite ends at a zero byte, and would take the first half of a script for all of it.
  if (bytes.includes(0)) throw new DataError(`${path} holds a zero byte; save it as plain UTF-8`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new DataError(`${path} is not UTF-8; save it as plain UTF-8`, { cause: error });
  }
}

/** Runs all statements inside the transaction that is open. @throws DataError at one that would end it or leave the database */
export function runScript(database: DatabaseSync, script: string, path: string): void {
  let refused: string | undefined;
  database.setAuthorizer((action, name) => {
    if (action === constants.SQLITE_TRANSACTION) refused = name ?? 'BEGIN';
    else if (action === constants.SQLITE_ATTACH) refused = 'ATTACH';
    else if (action === constants.SQLITE_DETACH) refused = 'DETACH';
    else return constants.SQLITE_OK;
    return constants.SQLITE_DENY;
  });
  try {
    database.exec(script);
  } catch (error) {
    if (refused === undefined) throw error;
    const line = `${path} contains ${refused}; take it out, a migration runs in one transaction on one database`;
    throw new DataError(line, { cause: error });
  } finally {
    database.setAuthorizer(null);
  }
}

/** What the SELECTs of a pre-check find, one line for each row. The database stays as it is, whatever the script says. */
export function selectedRows(database: DatabaseSync, script: string): readonly string[] {
  database.exec('PRAGMA query_only = ON');
  const lines: string[] = [];
  for (const statement of statements(script)) {
    for (const row of database.prepare(statement).iterate()) {
      lines.push(Object.values(row).join(' '));
      if (lines.length === rows_max) return lines;
    }
  }
  return lines;
}

const rows_max = 20;

/** Apart, because a driver prepares only the first. For scripts without triggers, whose bodies hold statements too. */
function statements(script: string): readonly string[] {
  const found = [''];
  for (const [token] of script.matchAll(tokens)) {
    if (token === ';') found.push('');
    else if (!token.startsWith('--') && !token.startsWith('/*')) found.push(`${found.pop()}${token}`);
  }
  return found.filter((statement) => statement.trim() !== '');
}

/** Quoted text and names, comments, the end of a statement, and what is none of these. */
const tokens = /'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|;|[^'"`[\-/;]+|[\s\S]/g;
