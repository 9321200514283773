/** Migrations, each in one transaction with its row in `_migrations`. */

import type { Migration } from '@kedge/core/manifest';
import { checksumOf } from '@kedge/core/migration-plan';
import type { Clock, Disk, Sha256 } from '@kedge/core/ports';
import { makeFolderDurable, parentOf } from '@kedge/trust/atomic-file';
import type { AppliedMigration, LocalRelease } from '../../ports.ts';
import type { Surroundings } from '../../service/environment.ts';
import { DataError, dataError } from './data-error.ts';
import { openReadable } from './database.ts';
import { type CommandEnd, type CommandMigration, runMigrationCommand } from './migration-command.ts';
import { addRow, allRows, hasRow, removeRow } from './migration-rows.ts';
import { readScripts, runScript, selectedRows } from './sql-script.ts';
import { transaction } from './transaction.ts';

export type MigrationPorts = {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly surroundings: Surroundings;
  /** For a migration, or a pre-check, that is a command. */
  readonly command_timeout_ms: number;
  /** The app's: when the agent is killed, the next one ends the command together with the app. See `Program`. */
  readonly mark?: string;
};

/** Does nothing when the migration is applied already. @throws DataError */
export async function migrateUp(ports: MigrationPorts, migration: Migration, release: LocalRelease): Promise<void> {
  const row = { id: migration.id, checksum: checksumOf(migration), version: release.manifest.version };
  await change(ports, migration, 'up', async (path) => {
    if (await isApplied(ports, path, migration)) return;
    if (migration.kind === 'command') {
      await runToSuccess(ports, migration, 'up', release);
      transaction(path, (database) => addRow(database, row, ports.clock.now_ms()));
      return;
    }
    const { up } = await readScripts(ports, migration, release);
    transaction(path, (database) => {
      runScript(database, up, migration.up);
      addRow(database, row, ports.clock.now_ms());
    });
  });
}

/** SQL that is not applied stays so; a command is run, because it may have begun. @throws DataError */
export async function migrateDown(ports: MigrationPorts, migration: Migration, release: LocalRelease): Promise<void> {
  await change(ports, migration, 'down', async (path) => {
    const wasApplied = await isApplied(ports, path, migration);
    if (migration.kind === 'sql' && !wasApplied) return;
    if (migration.down === undefined) throw new DataError(`${migration.id} has no way down; restore the backup`);
    if (migration.kind === 'command') {
      await runToSuccess(ports, migration, 'down', release);
      if (wasApplied) transaction(path, (database) => removeRow(database, migration.id));
      return;
    }
    const { down } = await readScripts(ports, migration, release);
    transaction(path, (database) => {
      runScript(database, down, `${migration.id} down`);
      removeRow(database, migration.id);
    });
  });
}

/** Each row that a SELECT gives is a reason, and so is a command that does not end with 0. @throws DataError */
export async function precheck(
  ports: MigrationPorts,
  migration: Migration,
  release: LocalRelease,
): Promise<readonly string[]> {
  if (migration.precheck === undefined) return [];
  const path = databasePath(ports, migration.database);
  try {
    if (migration.kind === 'command') {
      const end = await run(ports, migration, 'precheck', release);
      return end.kind === 'failed' ? [end.detail] : [];
    }
    const scripts = await readScripts(ports, migration, release);
    if (!(await ports.disk.stat(path))) return [];
    using database = openReadable(path);
    return selectedRows(database, scripts.precheck);
  } catch (error) {
    throw dataError(`the pre-check of migration ${migration.id} in ${path}`, error);
  }
}

/** In the order in which they were applied. @throws DataError */
export async function applied(ports: MigrationPorts, name: string): Promise<readonly AppliedMigration[]> {
  const path = databasePath(ports, name);
  if (!(await ports.disk.stat(path))) return [];
  try {
    await keepCommitted(ports.disk, path);
    using database = openReadable(path);
    return allRows(database);
  } catch (error) {
    throw dataError(`reading the migrations of ${path}`, error);
  }
}

/**
 * What a program committed right before it was killed is seen, and may still be lost with the power: in a WAL that was not
 * synced, or by a journal whose removal was not. Nobody must act on it before that is certain. The database itself is not
 * opened for it, because closing it would drop the locks that SQLite holds on it for this process.
 */
async function keepCommitted(disk: Disk, path: string): Promise<void> {
  const wal = `${path}-wal`;
  if (await disk.stat(wal)) {
    const file = await disk.open(wal, 'append', 0o600);
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await disk.syncFolder(parentOf(path));
}

async function change(
  ports: MigrationPorts,
  migration: Migration,
  way: 'up' | 'down',
  work: (path: string) => Promise<void>,
): Promise<void> {
  const path = databasePath(ports, migration.database);
  try {
    await makeFolderDurable(ports.disk, parentOf(path));
    await work(path);
    // The name of a database that the migration made.
    await ports.disk.syncFolder(parentOf(path));
  } catch (error) {
    throw dataError(`migration ${migration.id} ${way} of ${path}`, error);
  }
}

async function isApplied(ports: MigrationPorts, path: string, migration: Migration): Promise<boolean> {
  if (!(await ports.disk.stat(path))) return false;
  using database = openReadable(path);
  return hasRow(database, migration.id, checksumOf(migration));
}

async function runToSuccess(
  ports: MigrationPorts,
  migration: CommandMigration,
  which: 'up' | 'down',
  release: LocalRelease,
): Promise<void> {
  const end = await run(ports, migration, which, release);
  if (end.kind === 'failed') throw new DataError(`migration ${migration.id} ${which} failed: ${end.detail}`);
}

function run(
  ports: MigrationPorts,
  migration: CommandMigration,
  which: 'up' | 'down' | 'precheck',
  release: LocalRelease,
): Promise<CommandEnd> {
  return runMigrationCommand(migration[which] ?? [], release, ports.surroundings, {
    database_path: databasePath(ports, migration.database),
    timeout_ms: ports.command_timeout_ms,
    mark: ports.mark,
  });
}

function databasePath(ports: MigrationPorts, name: string): string {
  return `${ports.surroundings.data_folder}/${name}`;
}
