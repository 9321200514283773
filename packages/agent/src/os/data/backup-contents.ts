/**
 * What a backup holds:
 *
 *   BACKUP/contents.json      which parts there are, and which of them did not exist
 *   BACKUP/data/<path>        each part, under its path in the data folder
 */

import { type DataPart, innerPath } from '@kedge/core/manifest';
import { boolean, type Infer, list, object, oneOf, parseJson } from '@kedge/core/parse';
import type { Disk } from '@kedge/core/ports';
import { writeAtomic } from '@kedge/trust/atomic-file';
import { DataError } from './data-error.ts';

const format = 'kedge-backup/1';
const contents = object({
  format: oneOf(format),
  parts: list(object({ kind: oneOf('sqlite', 'directory'), path: innerPath, present: boolean })),
});
export type BackedUpPart = Infer<typeof contents>['parts'][number];

const size_bytes_max = 1024 * 1024;

export async function writeContents(disk: Disk, backup: string, parts: readonly BackedUpPart[]): Promise<void> {
  const text = `${JSON.stringify({ format, parts } satisfies Infer<typeof contents>, null, 1)}\n`;
  await writeAtomic(disk, `${backup}/contents.json`, new TextEncoder().encode(text), 0o600);
}

/** @throws DataError when there is no whole backup, or one without these parts: what it does not hold is not removed */
export async function readContents(
  disk: Disk,
  backup: string,
  parts: readonly DataPart[],
): Promise<readonly BackedUpPart[]> {
  const path = `${backup}/contents.json`;
  const bytes = await disk.read(path, size_bytes_max);
  if (!bytes) throw new DataError(`there is no backup at ${backup}; choose one of those beside it`);
  const { parts: backedUp } = parseJson(contents, new TextDecoder().decode(bytes), path);
  return parts.map(({ kind, path }) => {
    const part = backedUp.find((candidate) => candidate.kind === kind && candidate.path === path);
    if (part) return part;
    throw new DataError(`the backup at ${backup} was made without ${path}; restore its other parts by hand`);
  });
}

/** Two parts on one path would be restored over each other. */
export function refuseOverlap(parts: readonly DataPart[]): void {
  for (const [index, { path }] of parts.entries()) {
    const other = parts
      .slice(index + 1)
      .find((part) => `${part.path}/`.startsWith(`${path}/`) || `${path}/`.startsWith(`${part.path}/`));
    if (!other) continue;
    throw new DataError(`the data parts "${path}" and "${other.path}" overlap; list each place once in the manifest`);
  }
}
