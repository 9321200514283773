/**
 * The migrations that a tree holds, in SQL as `NNNN_name.up.sql` or as programs named `NNNN_name.up`, each with a way
 * back and a pre-check where there are. The numbers are one order over both.
 */

import type { Migration } from '@kedge/core/manifest';
import { InvalidInput } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import type { TreeEntry } from '@kedge/core/tree';

type Ports = { readonly disk: Disk; readonly sha256: Sha256 };
type Source = { readonly database: string; readonly folder: string };

const scriptName = /^(\d{4}_[a-z0-9_.-]+)\.(up|down|check)(\.sql)?$/;
const script_bytes_max = 16 * 1024 * 1024;

/** In the order of their numbers. @param folder absolute path of the tree. @throws InvalidInput */
export async function readMigrations(
  ports: Ports,
  folder: string,
  entries: readonly TreeEntry[],
  source: Source,
): Promise<readonly Migration[]> {
  const scripts = scriptsIn(entries, source.folder);
  const ids = [...new Set(scripts.map((script) => script.id))].toSorted();
  refuseSameNumbers(ids, source.folder);
  const migrations: Migration[] = [];
  for (const id of ids) {
    const own = scripts.filter((script) => script.id === id);
    const paths = pathsOf(own, `${source.folder}/${id}`);
    const { database } = source;
    if (own.some(({ kind }) => kind === 'command')) migrations.push(commandMigration(id, database, paths));
    else migrations.push({ kind: 'sql', id, database, ...paths, sha256: await digestScripts(ports, folder, paths) });
  }
  return migrations;
}

type Script = {
  readonly kind: Migration['kind'];
  readonly id: string;
  readonly part: string;
  readonly path: string;
};

function scriptsIn(entries: readonly TreeEntry[], folder: string): readonly Script[] {
  if (!entries.some(({ kind, path }) => kind === 'folder' && path === folder)) {
    throw new InvalidInput('migrations', `there is no folder ${folder} in the tree; correct its name, or make it`);
  }
  return entries
    .filter(({ kind, path }) => kind !== 'folder' && path.startsWith(`${folder}/`))
    .map((entry) => scriptOf(entry, entry.path.slice(folder.length + 1)));
}

/** As two branches leave them that were merged: the one that sorts first may come to devices that have the other. */
function refuseSameNumbers(ids: readonly string[], folder: string): void {
  for (const [index, id] of ids.entries()) {
    const before = ids[index - 1];
    if (before === undefined || numberOf(before) !== numberOf(id)) continue;
    throw new InvalidInput(`${folder}/${id}`, `has the number of ${before}; give the newer one the next number`);
  }
}

function numberOf(id: string): string {
  return id.slice(0, 4);
}

function scriptOf(entry: TreeEntry, file: string): Script {
  const { path } = entry;
  const [, id, part, sql] = scriptName.exec(file) ?? [];
  if (id === undefined || part === undefined) {
    throw new InvalidInput(
      path,
      'must be named like 0004_add_tags.up.sql, .down.sql or .check.sql, or without .sql for programs',
    );
  }
  if (entry.kind !== 'file') throw new InvalidInput(path, 'is a symlink; put the file itself there');
  if (sql === undefined && !entry.executable) {
    throw new InvalidInput(path, 'is not executable; give it mode 0755, or name it .sql if that is what it is');
  }
  return { kind: sql === undefined ? 'command' : 'sql', id, part, path };
}

type Paths = { readonly up: string; readonly down?: string; readonly precheck?: string };

/** @param at the beginning that the scripts of one migration share */
function pathsOf(scripts: readonly Script[], at: string): Paths {
  if (new Set(scripts.map(({ kind }) => kind)).size > 1) {
    throw new InvalidInput(at, 'is SQL in one part and a program in another; make them all of one kind');
  }
  const pathOf = (part: string): string | undefined => scripts.find((script) => script.part === part)?.path;
  const [up, down, precheck] = [pathOf('up'), pathOf('down'), pathOf('check')];
  if (up === undefined) {
    const ending = scripts[0]?.kind === 'sql' ? '.up.sql' : '.up';
    throw new InvalidInput(`${at}${ending}`, 'is missing beside its other scripts');
  }
  return { up, ...(down === undefined ? {} : { down }), ...(precheck === undefined ? {} : { precheck }) };
}

/** Programs run in the release's folder, where the first word of a command is looked up first. */
function commandMigration(id: string, database: string, { up, down, precheck }: Paths): Migration {
  return {
    kind: 'command',
    id,
    database,
    up: [up],
    ...(down === undefined ? {} : { down: [down] }),
    ...(precheck === undefined ? {} : { precheck: [precheck] }),
  };
}

async function digestScripts(ports: Ports, folder: string, { up, down, precheck }: Paths): Promise<string> {
  const hash = ports.sha256();
  for (const path of [up, down, precheck].filter((path) => path !== undefined)) {
    const bytes = await ports.disk.read(`${folder}/${path}`, script_bytes_max);
    if (!bytes) throw new InvalidInput(`${folder}/${path}`, 'was removed while the release was built');
    hash.update(bytes);
    hash.update(new Uint8Array(1));
  }
  return hash.hex();
}
