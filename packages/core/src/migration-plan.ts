/**
 * Which migrations to run, forwards and back. The order is the manifest's, over all databases; each database remembers
 * for itself what was applied to it.
 */

import type { Migration } from './manifest.ts';

/** What each database says was applied to it, oldest first. A database without migrations may be absent. */
export type AppliedMigrations = {
  readonly [database: string]: readonly { readonly id: string; readonly checksum: string }[];
};

export type UpPlan =
  | { readonly kind: 'plan'; readonly pending: readonly Migration[] }
  | { readonly kind: 'conflict'; readonly problem: string };

export type DownPlan =
  /** Newest first. */
  | { readonly kind: 'plan'; readonly undo: readonly Migration[] }
  | { readonly kind: 'no_way_down'; readonly database: string; readonly id: string };

/** From what was applied to all of the manifest's migrations. */
export function planUp(applied: AppliedMigrations, migrations: readonly Migration[]): UpPlan {
  for (const database of new Set([...Object.keys(applied), ...databasesOf(migrations)])) {
    const known = migrations.filter((migration) => migration.database === database);
    const problem = findConflict(appliedTo(applied, database), known);
    if (problem) return { kind: 'conflict', problem: `${database}: ${problem}` };
  }
  const isPending = ({ database, id }: Migration) => !appliedTo(applied, database).some((row) => row.id === id);
  return { kind: 'plan', pending: migrations.filter(isPending) };
}

/**
 * From what was applied back to the migrations of the release to return to. A command that would have come next may have
 * begun, because nothing tells of it before its end: it is undone as well.
 *
 * @param target the migrations of the release to return to
 * @param known those of the release to leave, whose scripts are at hand
 */
export function planDown(
  applied: AppliedMigrations,
  target: readonly Migration[],
  known: readonly Migration[],
): DownPlan {
  const undo = new Set<Migration>();
  for (const [database, rows] of Object.entries(applied)) {
    for (const { id, checksum } of rows) {
      if (find(target, database, id)) continue;
      const migration = find(known, database, id);
      if (!migration?.down || checksumOf(migration) !== checksum) return { kind: 'no_way_down', database, id };
      undo.add(migration);
    }
  }
  const next = known.find(({ database, id }) => !appliedTo(applied, database).some((row) => row.id === id));
  if (next?.kind === 'command' && !find(target, next.database, next.id)) {
    if (!next.down) return { kind: 'no_way_down', database: next.database, id: next.id };
    undo.add(next);
  }
  return { kind: 'plan', undo: known.filter((migration) => undo.has(migration)).toReversed() };
}

/** Each once, in the order of their first migration. */
export function databasesOf(migrations: readonly Migration[]): readonly string[] {
  return [...new Set(migrations.map((migration) => migration.database))];
}

/** What a database remembers of a migration. A command's effect cannot be told from its words. */
export function checksumOf(migration: Migration): string {
  return migration.kind === 'sql' ? migration.sha256 : 'command';
}

/** Applied migrations must be the first ones of the manifest; the problem says how they are not. */
function findConflict(applied: AppliedMigrations[string], known: readonly Migration[]): string | undefined {
  const ids = known.map((migration) => migration.id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) return `the release has two migrations ${twice}; give one another id`;
  for (const { id, checksum } of applied) {
    const migration = known.find((candidate) => candidate.id === id);
    if (!migration) return `migration ${id} was applied but is not in the release; install one that has it`;
    if (checksumOf(migration) !== checksum) {
      return `migration ${id} was changed after it was applied; add a new migration instead`;
    }
  }
  const last = Math.max(0, ...applied.map(({ id }) => ids.indexOf(id)));
  const missed = ids.slice(0, last).find((id) => !applied.some((row) => row.id === id));
  if (missed !== undefined)
    return `migration ${missed} stands before ${ids[last]}, which was applied; move it to the end`;
  return undefined;
}

function appliedTo(applied: AppliedMigrations, database: string): AppliedMigrations[string] {
  return Object.hasOwn(applied, database) ? (applied[database] ?? []) : [];
}

function find(migrations: readonly Migration[], database: string, id: string): Migration | undefined {
  return migrations.find((migration) => migration.database === database && migration.id === id);
}
