/**
 * An app and its database on the simulated disk. The database commits through one atomic file, as SQLite is trusted to; the
 * rows that the app has been promised to keep are remembered outside of the disk, for the checkers.
 */

import type { Checks, Data, LocalRelease, Service, ServiceState } from '@kedge/agent/ports';
import { checksumOf } from '@kedge/core/migration-plan';
import { type Infer, list, object, parseJson, text } from '@kedge/core/parse';
import type { Clock, Disk } from '@kedge/core/ports';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';

const databaseFile = object({
  rows: list(text()),
  applied: list(object({ id: text(), checksum: text(), applied_at: text() })),
});
export type Database = Infer<typeof databaseFile>;

export type Row = { readonly text: string; readonly at_ms: number };

/** What a user of the app knows. It outlives every power cut. */
export type History = {
  /** Answered with "saved". */
  readonly promised: Row[];
  /** Being saved when the power went: there or not, both are right. */
  readonly uncertain: Set<string>;
  /** What the app met that it never should. */
  readonly violations: string[];
};

const database_bytes_max = 1_000_000;

export async function readDatabase(disk: Disk, path: string): Promise<Database> {
  const bytes = await disk.read(path, database_bytes_max);
  if (!bytes) return { rows: [], applied: [] };
  return parseJson(databaseFile, new TextDecoder().decode(bytes), path);
}

async function writeDatabase(disk: Disk, path: string, database: Database): Promise<void> {
  await writeAtomic(disk, path, new TextEncoder().encode(JSON.stringify(database)));
}

export type SimulatedApp = {
  readonly service: Service;
  readonly data: Data;
  readonly checks: Checks;
  /** Somebody uses the running app: one row more. */
  readonly save: () => Promise<void>;
};

/** @param ill versions that never become healthy */
export function simulatedApp(
  ports: { readonly disk: Disk; readonly clock: Clock },
  data_folder: string,
  history: History,
  ill: ReadonlySet<string>,
): SimulatedApp {
  const { disk, clock } = ports;
  const pathOf = (database: string) => `${data_folder}/${database}`;
  let running: LocalRelease | undefined;
  let started_ms = 0;

  /** The app saves one row each time it starts. */
  async function saveRow(): Promise<void> {
    const row = { text: `row ${history.promised.length + history.uncertain.size}`, at_ms: clock.now_ms() };
    history.uncertain.add(row.text);
    const database = await readDatabase(disk, pathOf('app.db'));
    await writeDatabase(disk, pathOf('app.db'), { ...database, rows: [...database.rows, row.text] });
    history.uncertain.delete(row.text);
    history.promised.push(row);
  }

  const service: Service = {
    async start(release) {
      if (running?.manifest.version === release.manifest.version) return;
      await assertDataFits(release);
      running = release;
      started_ms = clock.now_ms();
      await saveRow();
    },
    async stop() {
      running = undefined;
    },
    state(): ServiceState {
      return running ? { kind: 'running', since_ms: started_ms, restarts: 0 } : { kind: 'stopped' };
    },
  };

  async function assertDataFits({ manifest }: LocalRelease): Promise<void> {
    const { applied } = await readDatabase(disk, pathOf('app.db'));
    const [found, wanted] = [applied.map(({ id }) => id), manifest.migrations.map(({ id }) => id)];
    if (found.join() === wanted.join()) return;
    history.violations.push(`${manifest.version} was started on data with the migrations ${found.join(' ')}`);
  }

  const data: Data = {
    async backup(parts, to) {
      await makeFolderDurable(disk, `${to}.partial`);
      for (const { path } of parts) {
        const bytes = await disk.read(pathOf(path), database_bytes_max);
        if (bytes) await writeAtomic(disk, `${to}.partial/${path}`, bytes);
      }
      await disk.rename(`${to}.partial`, to);
      await disk.syncFolder(to.slice(0, to.lastIndexOf('/')));
    },
    async restore(parts, from) {
      for (const { path } of parts) {
        const bytes = await disk.read(`${from}/${path}`, database_bytes_max);
        if (bytes) await writeAtomic(disk, pathOf(path), bytes);
        else {
          await disk.removeFile(pathOf(path));
          await disk.syncFolder(data_folder);
        }
      }
    },
    async applied(database) {
      // As of the database: what it shows is durable, also when the one who wrote it was killed before the sync.
      if (await disk.stat(data_folder)) await disk.syncFolder(data_folder);
      return (await readDatabase(disk, pathOf(database))).applied;
    },
    precheck: async () => [],
    async migrateUp(migration) {
      await makeFolderDurable(disk, data_folder);
      const database = await readDatabase(disk, pathOf(migration.database));
      if (database.applied.some(({ id }) => id === migration.id)) return;
      const row = {
        id: migration.id,
        checksum: checksumOf(migration),
        applied_at: new Date(clock.now_ms()).toISOString(),
      };
      await writeDatabase(disk, pathOf(migration.database), { ...database, applied: [...database.applied, row] });
    },
    async migrateDown(migration) {
      if (!migration.down) throw new Error(`migration ${migration.id} has no way down`);
      const database = await readDatabase(disk, pathOf(migration.database));
      const applied = database.applied.filter(({ id }) => id !== migration.id);
      await writeDatabase(disk, pathOf(migration.database), { ...database, applied });
    },
  };

  const checks: Checks = {
    async run(_, { manifest }) {
      if (running?.manifest.version !== manifest.version) return { kind: 'failed', detail: 'nobody answers' };
      return ill.has(manifest.version) ? { kind: 'failed', detail: 'it is ill' } : { kind: 'passed' };
    },
  };
  return { service, data, checks, save: saveRow };
}
