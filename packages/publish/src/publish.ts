/** Adds a built release to the repository, where devices find it with their next look. */

import { assertChannelFits } from '@kedge/core/channel';
import { digestOf } from '@kedge/core/digest';
import { type Artifact, artifactPath, type Manifest, manifest, manifestPath } from '@kedge/core/manifest';
import { InvalidInput, parseJson } from '@kedge/core/parse';
import type { Clock, Disk, Sha256 } from '@kedge/core/ports';
import { makeFolderDurable } from '@kedge/trust/atomic-file';
import { manifest_bytes_max } from '@kedge/trust/limits';
import { builtManifestFile } from './build.ts';
import { commit } from './commit.ts';
import type { Keyring } from './keyring.ts';
import { Refused } from './refused.ts';
import { releasesIn } from './releases.ts';
import { type Repository, roleOf } from './repository.ts';
import { takeUpRepository } from './shown-file.ts';
import { describeTarget, nextTargets } from './targets.ts';

export type Published = {
  readonly kind: 'published' | 'already_published';
  readonly path: string;
  readonly manifest_sha256: string;
};

type Ports = { readonly disk: Disk; readonly clock: Clock; readonly sha256: Sha256 };

/**
 * @param release the output folder of `build`
 * @throws Refused, InvalidInput
 */
export async function publish(ports: Ports, keyring: Keyring, folder: string, release: string): Promise<Published> {
  const bytes = await ports.disk.read(`${release}/${builtManifestFile}`, manifest_bytes_max);
  if (!bytes) throw new InvalidInput(release, `holds no ${builtManifestFile}; run "kedge build" first`);
  const built = parseJson(manifest, new TextDecoder().decode(bytes), builtManifestFile);
  assertChannelFits(built);
  const repository = await takeUpRepository(ports.disk, folder);
  const path = manifestPath(built);
  const manifest_sha256 = digestOf(ports.sha256, bytes);
  if (isPublished(repository, built, manifest_sha256)) return { kind: 'already_published', path, manifest_sha256 };
  // Artifacts first, then all that leads to them: a reader never finds a release that is not whole.
  for (const artifact of built.artifacts) await copyArtifact(ports, release, folder, artifact);
  const target = describeTarget(ports.sha256, path, bytes, { version: built.version, counter: built.counter });
  const role = nextTargets(built.channel, roleOf(repository, built.channel).signed, ports.clock.now_ms(), {
    targets: [target],
  });
  await commit(ports, keyring, repository, {
    roles: new Map([[built.channel, role]]),
    files: new Map([[path, bytes]]),
  });
  return { kind: 'published', path, manifest_sha256 };
}

/** @throws Refused when devices could not tell it from, or order it among, what is there already */
function isPublished(repository: Repository, built: Manifest, manifest_sha256: string): boolean {
  const { product, version, counter } = built;
  const releases = releasesIn(repository).filter((release) => release.product === product);
  const same = releases.find((release) => release.version === version);
  if (same?.sha256 === manifest_sha256) return true;
  if (same) {
    throw new Refused(`${product} ${version} is published already, with other content: give this one a new version`);
  }
  const newest = releases[0];
  if (newest && counter <= newest.counter) {
    throw new Refused(`counter ${counter} is taken by ${newest.version}: use ${newest.counter + 1} or more`);
  }
  return false;
}

async function copyArtifact(ports: Ports, release: string, folder: string, artifact: Artifact): Promise<void> {
  const { disk } = ports;
  const path = artifactPath(artifact.sha256);
  const from = `${release}/${path}`;
  const to = `${folder}/${path}`;
  await makeFolderDurable(disk, `${folder}/artifacts`);
  if (!(await isArtifact(ports, to, artifact))) {
    if (!(await isArtifact(ports, from, artifact))) {
      throw new Refused(`${from} is missing or not what the manifest says: build the release again`);
    }
    await copyFile(disk, from, to);
  }
  // Where it was there already as well: its name may be younger than the last sync, when a publish was killed.
  await disk.syncFolder(`${folder}/artifacts`);
}

/** Durable, but for its new name. */
async function copyFile(disk: Disk, from: string, to: string): Promise<void> {
  const temp = `${to}.tmp`;
  const file = await disk.open(temp, 'new', 0o644);
  try {
    for await (const chunk of disk.stream(from)) await file.write(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temp, to);
}

export async function isArtifact(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  path: string,
  artifact: Artifact,
): Promise<boolean> {
  const found = await ports.disk.stat(path);
  if (found?.kind !== 'file' || found.size_bytes !== artifact.length_bytes) return false;
  const hash = ports.sha256();
  for await (const chunk of ports.disk.stream(path)) hash.update(chunk);
  return hash.hex() === artifact.sha256;
}
