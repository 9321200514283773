/** The releases on this device: each one's manifest is kept beside its tree, as the signed bytes that were verified. */

import { digestOf } from '@kedge/core/digest';
import type { ReleaseRef } from '@kedge/core/journal';
import { manifest } from '@kedge/core/manifest';
import { InvalidInput, parseJson } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import { manifestCachePath } from '@kedge/trust/candidates';
import { manifest_bytes_max } from '@kedge/trust/limits';
import type { Deployer, LocalRelease } from './ports.ts';

type Where = {
  readonly disk: Disk;
  readonly sha256: Sha256;
  readonly deployer: Deployer;
  readonly paths: { readonly manifests: string; readonly trust: string };
};

export async function keepManifest(where: Where, version: string, bytes: Uint8Array): Promise<void> {
  await makeFolderDurable(where.disk, where.paths.manifests);
  await writeAtomic(where.disk, pathOf(where, version), bytes);
}

/** @throws when the manifest is gone or is not the one that the reference names */
export async function localRelease(where: Where, ref: ReleaseRef): Promise<LocalRelease> {
  const bytes = await intactManifest(where, ref);
  return {
    manifest: parseJson(manifest, new TextDecoder().decode(bytes), ref.version),
    folder: where.deployer.folder(ref.version),
  };
}

/** The copy beside the tree, or else the one among the trusted manifests: both are known by their digest. */
async function intactManifest(where: Where, ref: ReleaseRef): Promise<Uint8Array> {
  const { disk, sha256, paths } = where;
  for (const path of [pathOf(where, ref.version), manifestCachePath(paths.trust, ref.manifest_sha256)]) {
    const bytes = await disk.read(path, manifest_bytes_max);
    if (bytes && digestOf(sha256, bytes) === ref.manifest_sha256) return bytes;
  }
  throw new Error(`the manifest of ${ref.version} at ${pathOf(where, ref.version)} is missing or changed`);
}

/**
 * The reference to a version whose manifest is on this device, for when the files that held it are damaged. Undefined:
 * there is no such manifest, or it is damaged too.
 */
export async function refOf(where: Where, version: string): Promise<ReleaseRef | undefined> {
  const bytes = await where.disk.read(pathOf(where, version), manifest_bytes_max);
  if (!bytes) return undefined;
  try {
    const { counter } = parseJson(manifest, new TextDecoder().decode(bytes), version);
    return { version, counter, manifest_sha256: digestOf(where.sha256, bytes) };
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/** Of a version of which only the name is known: it can be left, by way of the backup, and never gone back to. */
export function refOfUnknown(where: Pick<Where, 'sha256'>, version: string): ReleaseRef {
  return { version, counter: 0, manifest_sha256: digestOf(where.sha256, new Uint8Array()) };
}

export async function forgetManifest(where: Where, version: string): Promise<void> {
  await where.disk.removeFile(pathOf(where, version));
}

function pathOf(where: Where, version: string): string {
  return `${where.paths.manifests}/${version}.json`;
}
