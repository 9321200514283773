/** The migrations that a tree holds: `NNNN_name.up.sql`, with a way back and a pre-check where there are. */

import type { Migration } from '@kedge/core/manifest';
import { InvalidInput } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import type { TreeEntry } from '@kedge/core/tree';

const script = /^(\d{4}_[a-z0-9_.-]+)\.(up|down|check)\.sql$/;
const script_bytes_max = 16 * 1024 * 1024;

/** In the order of their numbers. @throws InvalidInput */
export async function readMigrations(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  folder: string,
  entries: readonly TreeEntry[],
  source: { readonly database: string; readonly folder: string },
): Promise<readonly Migration[]> {
  const ids = new Set<string>();
  const paths = new Set<string>();
  for (const { kind, path } of entries) {
    if (kind !== 'file' || !path.startsWith(`${source.folder}/`)) continue;
    const id = script.exec(path.slice(source.folder.length + 1))?.[1];
    if (id === undefined)
      throw new InvalidInput(path, 'must be named like 0004_add_tags.up.sql, .down.sql or .check.sql');
    ids.add(id);
    paths.add(path);
  }
  const migrations: Migration[] = [];
  for (const id of [...ids].toSorted()) {
    const at = (part: string): string | undefined => {
      const path = `${source.folder}/${id}.${part}.sql`;
      return paths.has(path) ? path : undefined;
    };
    const [up, down, precheck] = [at('up'), at('down'), at('check')];
    if (up === undefined)
      throw new InvalidInput(`${source.folder}/${id}.up.sql`, 'is missing beside its other scripts');
    const scripts = [up, down, precheck].filter((path) => path !== undefined);
    migrations.push({
      kind: 'sql',
      id,
      database: source.database,
      up,
      ...(down === undefined ? {} : { down }),
      ...(precheck === undefined ? {} : { precheck }),
      sha256: await digestScripts(ports, folder, scripts),
    });
  }
  return migrations;
}

async function digestScripts(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  folder: string,
  paths: readonly string[],
): Promise<string> {
  const hash = ports.sha256();
  for (const path of paths) {
    const bytes = await ports.disk.read(`${folder}/${path}`, script_bytes_max);
    if (!bytes) throw new InvalidInput(`${folder}/${path}`, 'was removed while the release was built');
    hash.update(bytes);
    hash.update(new Uint8Array(1));
  }
  return hash.hex();
}
