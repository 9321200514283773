/**
 * Stage 4, verify: nothing is unpacked that is not, byte for byte, what the vendor signed and still stands by.
 * The tree inside is checked against the manifest while it is unpacked, in phase apply.stage.
 */

import { digestOf } from '@kedge/core/digest';
import type { Artifact } from '@kedge/core/manifest';
import { findRevocation } from '@kedge/core/revocation';
import { manifestCachePath } from '@kedge/trust/candidates';
import { manifest_bytes_max } from '@kedge/trust/limits';
import type { Device } from '../device.ts';
import { fetch_tries_max } from '../limits.ts';
import { type Ended, ended } from '../report.ts';
import { readTrust, refreshTrust } from './1-discover.ts';
import type { Chosen } from './2-evaluate.ts';
import { type Downloaded, type Fetched, fetchArtifact, unreachable } from './3-download.ts';

export type Verified = Omit<Chosen, 'kind'> & {
  readonly kind: 'verified';
  /** The signed bytes of the manifest. */
  readonly manifest_bytes: Uint8Array;
  /** Absolute path of the artifact. */
  readonly file: string;
  readonly fetched_bytes: number;
};

export async function verify(device: Device, { fetched, ...chosen }: Downloaded): Promise<Verified | Ended> {
  const { release, artifact } = chosen;
  const { version } = release.manifest;
  const matching = await fetchUntilItMatches(device, artifact, fetched);
  if (matching.kind === 'ended') return ended({ ...matching.result, to: version });
  const { file, fetched_bytes } = matching;
  const end = (kind: 'refused' | 'failed', reason: string) =>
    ended({ kind, stage: 'verify', to: version, reasons: [reason], fetched_bytes });
  const path = manifestCachePath(device.paths.trust, release.manifest_sha256);
  const manifest_bytes = await device.disk.read(path, manifest_bytes_max);
  if (!manifest_bytes || digestOf(device.sha256, manifest_bytes) !== release.manifest_sha256) {
    return end('failed', `The manifest of ${version} is gone from ${path}: it is fetched again next time.`);
  }
  // Right before every install: from a source when one can be reached, else what was trusted last.
  await refreshTrust(device);
  const { revocations } = await readTrust(device);
  const revocation = revocations && findRevocation(revocations, release.manifest_sha256);
  if (revocation) return end('refused', `Version ${version} was withdrawn: ${revocation.reason}.`);
  return { ...chosen, kind: 'verified', manifest_bytes, file, fetched_bytes };
}

/** A tampered artifact is fetched again, from another source where there is one, and at last refused. */
async function fetchUntilItMatches(device: Device, artifact: Artifact, first: Fetched): Promise<Fetched | Ended> {
  const avoid = new Set<string>();
  let { file, source, fetched_bytes } = first;
  for (let tries = 1; ; tries += 1) {
    if ((await fileDigest(device, file)) === artifact.sha256) return { kind: 'fetched', file, source, fetched_bytes };
    await device.log.append('tampered', { source, sha256: artifact.sha256, tries });
    await device.disk.removeFile(file);
    if (source !== null) avoid.add(source);
    if (tries === fetch_tries_max) break;
    const again = await fetchArtifact(device, artifact, avoid);
    fetched_bytes += again.fetched_bytes;
    if (again.kind === 'failed') return ended({ ...unreachable({ ...again, fetched_bytes }), stage: 'verify' });
    ({ file, source } = again);
  }
  const from = [...avoid].join(', ') || 'the disk';
  const reason = `The artifact from ${from} is not what was signed, ${fetch_tries_max} times: the source is damaged or hostile.`;
  return ended({ kind: 'refused', stage: 'verify', reasons: [reason], fetched_bytes });
}

async function fileDigest(device: Device, file: string): Promise<string> {
  const hash = device.sha256();
  for await (const chunk of device.disk.stream(file)) hash.update(chunk);
  return hash.hex();
}
