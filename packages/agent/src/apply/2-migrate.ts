/**
 * apply.migrate: the data becomes what the new release needs. A release that does not fit the data is known before
 * anything begins, and dropped while the app runs; the app is stopped only when there is something to do.
 */

import type { UpdateInFlight } from '@kedge/core/journal';
import type { Migration } from '@kedge/core/manifest';
import { type AppliedMigrations, databasesOf, planUp } from '@kedge/core/migration-plan';
import type { Device } from '../device.ts';
import type { Data, LocalRelease } from '../ports.ts';

export async function migrate(device: Device, update: UpdateInFlight, release: LocalRelease): Promise<void> {
  const { journal, data, service } = device;
  const pending = await pendingMigrations(data, release);
  await assertPrechecks(data, pending, release);
  await journal.record('STAGED', 'migrate', { kind: 'MIGRATING', ...update });
  if (pending.length > 0) {
    await service.stop();
    for (const migration of pending) await data.migrateUp(migration, release);
  }
  await journal.record('MIGRATING', 'migrated', { kind: 'MIGRATED', ...update });
}

async function pendingMigrations(data: Data, release: LocalRelease): Promise<readonly Migration[]> {
  const { migrations } = release.manifest;
  const plan = planUp(await appliedMigrations(data, databasesOf(migrations)), migrations);
  if (plan.kind === 'conflict') throw new MigrationRefused(plan.problem);
  return plan.pending;
}

async function assertPrechecks(data: Data, pending: readonly Migration[], release: LocalRelease): Promise<void> {
  for (const migration of pending) {
    const [problem] = await data.precheck(migration, release);
    if (problem !== undefined) {
      throw new MigrationRefused(`the pre-check of migration ${migration.id} says: ${problem}`);
    }
  }
}

export async function appliedMigrations(data: Data, databases: readonly string[]): Promise<AppliedMigrations> {
  const applied = await Promise.all(
    databases.map(async (database) => [database, await data.applied(database)] as const),
  );
  return Object.fromEntries(applied);
}

/** The release's migrations do not fit the data that is here. */
export class MigrationRefused extends Error {
  override readonly name = 'MigrationRefused';
}
