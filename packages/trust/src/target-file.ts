/** The files that signed metadata names: manifests, the revocation list, rollout documents. */

import { digestOf } from '@kedge/core/digest';
import type { Clock, Net, Sha256 } from '@kedge/core/ports';
import type { TargetFile } from '@tufjs/models';
import { Distrust } from './distrust.ts';
import { fetchFile, joinUrl } from './fetch-file.ts';

export type TargetRef = { readonly path: string; readonly sha256: string; readonly length_bytes: number };

/** @throws Distrust */
export function targetRef(target: TargetFile): TargetRef {
  const sha256 = target.hashes['sha256'];
  if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new Distrust(
      'malformed',
      `${target.path} is listed without a SHA-256: the publisher has to publish it again`,
    );
  }
  return { path: target.path, sha256, length_bytes: target.length };
}

/** In a repository. */
export function targetFile({ path, sha256 }: Pick<TargetRef, 'path' | 'sha256'>): string {
  return `targets/${digestNamed(path, sha256)}`;
}

/** With consistent snapshots (6.2) a target's file is named for its digest: `a/b.json` is at `a/DIGEST.b.json`. */
export function digestNamed(path: string, digest: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}${digest}.${path.slice(slash)}`;
}

export type TargetRequest = {
  readonly net: Net;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly source: string;
  readonly deadline_ms: number;
};

/** @throws Distrust when the source has not these very bytes */
export function fetchTarget(request: TargetRequest, target: TargetRef, limit_bytes: number): Promise<Uint8Array> {
  const signed = { ...target, digest: target.sha256, hash: request.sha256 };
  return fetchTargetAt(request, joinUrl(request.source, targetFile(target)), signed, limit_bytes);
}

export type SignedBytes = {
  readonly path: string;
  readonly length_bytes: number;
  readonly digest: string;
  /** Makes such a digest. */
  readonly hash: Sha256;
};

/** 5.7. @throws Distrust when the source has not these very bytes */
export async function fetchTargetAt(
  request: Omit<TargetRequest, 'sha256'>,
  url: string,
  target: SignedBytes,
  limit_bytes: number,
): Promise<Uint8Array> {
  if (target.length_bytes > limit_bytes) {
    throw new Distrust('too_large', `${target.path} has ${target.length_bytes} bytes; at most ${limit_bytes} are read`);
  }
  const { source, deadline_ms } = request;
  const bytes = await fetchFile(request, { url, limit_bytes: target.length_bytes, deadline_ms });
  if (!bytes) throw new Distrust('not_found', `${source} lacks ${target.path}: it may be half copied; try again later`);
  if (bytes.length !== target.length_bytes || digestOf(target.hash, bytes) !== target.digest) {
    throw new Distrust('mismatch', `${url} is not what was signed: the source is damaged or hostile; use another one`);
  }
  return bytes;
}
