/** Makes a release of built software: archives and an unsigned manifest, byte for byte the same for the same input. */

import { assertChannelFits } from '@kedge/core/channel';
import {
  type Artifact,
  artifactPath,
  type Manifest,
  type Migration,
  manifest,
  manifestFormat,
} from '@kedge/core/manifest';
import { InvalidInput, parseWith } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { treeDigest } from '@kedge/core/tree';
import { makeFolderDurable, parentOf, writeAtomic } from '@kedge/trust/atomic-file';
import { writeArchive } from './archive.ts';
import { readMigrations } from './migrations.ts';
import { headCommit } from './os/git.ts';
import { type ReleaseFile, readReleaseFile } from './release-file.ts';
import { readSourceTree } from './source-tree.ts';

type Ports = { readonly disk: Disk; readonly sha256: Sha256 };

export const builtManifestFile = 'manifest.json';

/**
 * Reads the description and the trees it names; writes `manifest.json` and `artifacts/` into the output folder.
 * Both paths are absolute.
 * @throws InvalidInput
 */
export async function build(ports: Ports, releaseFilePath: string, output: string): Promise<Manifest> {
  const description = await readReleaseFile(ports.disk, releaseFilePath);
  const source = parentOf(releaseFilePath);
  const artifacts: Artifact[] = [];
  const migrations: (readonly Migration[])[] = [];
  for (const [platform, folder] of Object.entries(description.platforms).toSorted(byName)) {
    const built = await buildPlatform(ports, description, platform, resolve(source, folder), output);
    artifacts.push({ platform, ...built.artifact });
    migrations.push(built.migrations);
  }
  const [first = [], ...others] = migrations.map((list) => JSON.stringify(list));
  if (others.some((other) => other !== first)) {
    throw new InvalidInput('platforms', 'must all hold the same migrations; build them from one source');
  }
  const built = await describe(description, source, artifacts, migrations[0] ?? []);
  const bytes = new TextEncoder().encode(`${JSON.stringify(built, null, 2)}\n`);
  await writeAtomic(ports.disk, `${output}/${builtManifestFile}`, bytes);
  return built;
}

async function buildPlatform(
  ports: Ports,
  description: ReleaseFile,
  platform: string,
  folder: string,
  output: string,
): Promise<{ readonly artifact: Omit<Artifact, 'platform'>; readonly migrations: readonly Migration[] }> {
  const { disk, sha256 } = ports;
  const entries = await readSourceTree(ports, folder, platform);
  await makeFolderDurable(disk, `${output}/artifacts`);
  const temp = `${output}/artifacts/archive.tmp`;
  const archive = await writeArchive(ports, folder, entries, temp);
  await disk.rename(temp, `${output}/${artifactPath(archive.sha256)}`);
  await disk.syncFolder(`${output}/artifacts`);
  const unpacked_bytes = entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size_bytes : 0), 0);
  return {
    artifact: { ...archive, unpacked_bytes, entry_count: entries.length, tree_sha256: treeDigest(entries, sha256) },
    migrations: description.migrations ? await readMigrations(ports, folder, entries, description.migrations) : [],
  };
}

async function describe(
  description: ReleaseFile,
  source: string,
  artifacts: readonly Artifact[],
  migrations: readonly Migration[],
): Promise<Manifest> {
  const { platforms: _, format: __, ...rest } = description;
  const isToldAll = description.released_at !== undefined && description.git_commit !== undefined;
  const head = isToldAll ? undefined : await headCommit(source);
  const released_at = description.released_at ?? head?.committed_at;
  if (released_at === undefined) {
    throw new InvalidInput(
      'released_at',
      'is missing, and there is no commit to take the time from; write one like 2026-01-20T08:00:00Z',
    );
  }
  const git_commit = description.git_commit === undefined ? (head?.id ?? null) : description.git_commit;
  const input = { format: manifestFormat, ...rest, released_at, git_commit, artifacts, migrations };
  const built = parseWith(manifest, input, 'release.json');
  assertChannelFits(built);
  return built;
}

function resolve(base: string, path: string): string {
  return path.startsWith('/') ? path : `${base}/${path.replace(/\/+$/, '')}`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
