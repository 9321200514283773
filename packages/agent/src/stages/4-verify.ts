/**
 * Stage 4, verify: nothing is unpacked that is not, byte for byte, what the vendor signed and still stands by.
 * The tree inside is checked against the manifest while it is unpacked, in phase apply.stage.
 */

import type { Candidate } from '@kedge/core/evaluate';
import type { Artifact } from '@kedge/core/manifest';
import { findRevocation } from '@kedge/core/revocation';
import { manifestCachePath } from '@kedge/trust/candidates';
import { manifest_bytes_max } from '@kedge/trust/limits';
import type { Device } from '../device.ts';
import { fetch_tries_max } from '../limits.ts';
import { readTrust, refreshTrust } from './1-discover.ts';
import type { Download, Downloaded } from './3-download.ts';

export type Verified = {
  readonly kind: 'verified';
  readonly release: Candidate & { /** The signed bytes of the manifest. */ readonly bytes: Uint8Array };
  readonly artifact: Artifact;
  /** Absolute path of the artifact. */
  readonly file: string;
  readonly fetched_bytes: number;
};

export type Verification =
  | Verified
  | { readonly kind: 'refused' | 'failed'; readonly reason: string; readonly fetched_bytes: number };

/** @param fetchAgain avoids the sources that are named */
export async function verify(
  device: Device,
  release: Candidate,
  artifact: Artifact,
  first: Downloaded,
  fetchAgain: (avoid: ReadonlySet<string>) => Promise<Download>,
): Promise<Verification> {
  const fetched = await matching(device, artifact, first, fetchAgain);
  if (fetched.kind !== 'downloaded') return fetched;
  const { file, fetched_bytes } = fetched;
  const { version } = release.manifest;
  const bytes = await device.disk.read(
    manifestCachePath(device.paths.trust, release.manifest_sha256),
    manifest_bytes_max,
  );
  if (!bytes || digestOf(device, bytes) !== release.manifest_sha256) {
    return {
      kind: 'failed',
      reason: `the manifest of ${version} is gone: it is fetched again next time`,
      fetched_bytes,
    };
  }
  // Right before every install: from a source when one can be reached, else what was trusted last.
  await refreshTrust(device);
  const { revocations } = await readTrust(device);
  const revocation = revocations && findRevocation(revocations, release.manifest_sha256);
  if (revocation) {
    return { kind: 'refused', reason: `Version ${version} was withdrawn: ${revocation.reason}.`, fetched_bytes };
  }
  return { kind: 'verified', release: { ...release, bytes }, artifact, file, fetched_bytes };
}

/** A tampered artifact is fetched again, from another source where there is one, and at last refused. */
async function matching(
  device: Device,
  artifact: Artifact,
  first: Downloaded,
  fetchAgain: (avoid: ReadonlySet<string>) => Promise<Download>,
): Promise<
  Downloaded | { readonly kind: 'refused' | 'failed'; readonly reason: string; readonly fetched_bytes: number }
> {
  const avoid = new Set<string>();
  let fetched = first;
  let fetched_bytes = first.fetched_bytes;
  for (let tries = 1; ; tries += 1) {
    if ((await fileDigest(device, fetched.file)) === artifact.sha256) return { ...fetched, fetched_bytes };
    await device.log.append('tampered', { source: fetched.source, sha256: artifact.sha256, tries });
    await device.disk.removeFile(fetched.file);
    if (fetched.source !== null) avoid.add(fetched.source);
    if (tries === fetch_tries_max) break;
    const again = await fetchAgain(avoid);
    fetched_bytes += again.fetched_bytes;
    if (again.kind === 'failed') return { ...again, fetched_bytes };
    fetched = again;
  }
  const from = [...avoid].join(', ') || 'the disk';
  return {
    kind: 'refused',
    reason: `The artifact from ${from} is not what was signed, ${fetch_tries_max} times: the source is damaged or hostile.`,
    fetched_bytes,
  };
}

async function fileDigest(device: Device, file: string): Promise<string> {
  const hash = device.sha256();
  for await (const chunk of device.disk.stream(file)) hash.update(chunk);
  return hash.hex();
}

function digestOf(device: Device, bytes: Uint8Array): string {
  const hash = device.sha256();
  hash.update(bytes);
  return hash.hex();
}
