import type { Data } from '../../ports.ts';
import { backUp } from './backup.ts';
import { applied, type MigrationPorts, migrateDown, migrateUp, precheck } from './migrations.ts';
import { restore } from './restore.ts';

/**
 * The data of an app that keeps it in SQLite databases and in folders below `surroundings.data_folder`. What goes wrong
 * is thrown as a `DataError`, which says whether the release or the device is at fault.
 */
export function localData(ports: MigrationPorts): Data {
  const { disk, surroundings } = ports;
  return {
    backup: (parts, to) => backUp(disk, surroundings.data_folder, parts, to),
    restore: (parts, from) => restore(disk, surroundings.data_folder, parts, from),
    applied: (database) => applied(ports, database),
    precheck: (migration, release) => precheck(ports, migration, release),
    migrateUp: (migration, release) => migrateUp(ports, migration, release),
    migrateDown: (migration, release) => migrateDown(ports, migration, release),
  };
}
