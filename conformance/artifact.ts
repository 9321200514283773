/** 5.7: the bytes of a target, from the target folder where they are right already, else from the repository. */

import { digestOf } from '@kedge/core/digest';
import { type Clock, type Disk, errorCode, type Net, type Sha256 } from '@kedge/core/ports';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import type { Session } from '@kedge/trust/client-workflow';
import { Distrust } from '@kedge/trust/distrust';
import { joinUrl } from '@kedge/trust/fetch-file';
import { digestNamed, fetchTargetAt, type SignedBytes } from '@kedge/trust/target-file';
import type { TargetFile } from '@tufjs/models';
import { fileNameOf } from './file-name.ts';

export type Ports = {
  readonly disk: Disk;
  readonly net: Net;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly sha512: Sha256;
};

/** Which target, where to, and where its repository keeps it. */
export type Wanted = { readonly path: string; readonly folder: string; readonly base_url: string };

/** Read into memory. */
const artifact_bytes_max = 64 * 1024 * 1024;

/** @throws Distrust when the repository has not these very bytes */
export async function fetchArtifact(ports: Ports, session: Session, target: TargetFile, wanted: Wanted): Promise<void> {
  const signed = signedBytes(ports, target);
  const file = `${wanted.folder}/${fileNameOf(signed.path)}`;
  const cached = await readCached(ports, file);
  if (cached && digestOf(signed.hash, cached) === signed.digest) return;
  const name = session.store.root.signed.consistentSnapshot ? digestNamed(signed.path, signed.digest) : signed.path;
  const request = { ...ports, source: wanted.base_url, deadline_ms: session.deadline_ms };
  const bytes = await fetchTargetAt(request, joinUrl(wanted.base_url, name), signed, artifact_bytes_max);
  await makeFolderDurable(ports.disk, wanted.folder);
  await writeAtomic(ports.disk, file, bytes);
}

/** By the first of its digests that this client can make. */
function signedBytes(ports: Ports, { path, length, hashes }: TargetFile): SignedBytes {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const digest = hashes[algorithm];
    if (digest !== undefined) return { path, length_bytes: length, digest, hash: ports[algorithm] };
  }
  throw new Distrust('malformed', `${path} is listed without a digest that this client knows`);
}

async function readCached({ disk }: Ports, file: string): Promise<Uint8Array | undefined> {
  try {
    return await disk.read(file, artifact_bytes_max);
  } catch (error) {
    if (errorCode(error) === 'EFBIG') return undefined;
    throw error;
  }
}
