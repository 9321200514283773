/** `release.json`: what a person writes about a release. The rest of its manifest is measured. */

import { innerPath, instant, platform } from '@kedge/core/manifest';
import {
  type Infer,
  InvalidInput,
  object,
  oneOf,
  optional,
  type Parser,
  parseJson,
  table,
  text,
} from '@kedge/core/parse';
import type { Disk } from '@kedge/core/ports';

/** A field that goes into the manifest as it is, and is checked there. */
const asInManifest: Parser<unknown> & { readonly optional: true } = {
  schema: {},
  optional: true,
  parse: (value) => value,
};

const releaseFile = object({
  format: oneOf('kedge-release/1'),
  /** The folder of each platform's tree, relative to this file. */
  platforms: table(platform, text({ is: 'a folder' })),
  /** By default the time of the commit. */
  released_at: optional(instant),
  /** By default the commit that is checked out where this file lies. */
  git_commit: asInManifest,
  /** `NNNN_name.up.sql`, or a program `NNNN_name.up`, in this folder of every platform's tree; see `readMigrations`. */
  migrations: optional(object({ database: innerPath, folder: innerPath })),
  product: asInManifest,
  version: asInManifest,
  channel: asInManifest,
  counter: asInManifest,
  severity: asInManifest,
  notes: asInManifest,
  requirements: asInManifest,
  run: asInManifest,
  data: asInManifest,
  checks: asInManifest,
  preflight: asInManifest,
  validation: asInManifest,
});
export type ReleaseFile = Infer<typeof releaseFile>;

const release_file_bytes_max = 1_000_000;

/** @throws InvalidInput */
export async function readReleaseFile(disk: Disk, path: string): Promise<ReleaseFile> {
  if ((await disk.stat(path))?.kind === 'folder')
    throw new InvalidInput(path, 'is a folder; name the release.json in it');
  const bytes = await disk.read(path, release_file_bytes_max);
  if (!bytes) throw new InvalidInput(path, 'is missing; it describes the release to build');
  return parseJson(releaseFile, new TextDecoder().decode(bytes), path);
}
