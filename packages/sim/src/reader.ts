/** A device that follows a repository: what it comes to trust there, and whether all of that could be installed. */

import type { Device } from '@kedge/agent/device';
import { readTrust, refreshTrust } from '@kedge/agent/stages/1-discover';
import { digestOf } from '@kedge/core/digest';
import { type Artifact, artifactPath } from '@kedge/core/manifest';
import { readCandidates } from '@kedge/trust/candidates';
import { joinUrl } from '@kedge/trust/fetch-file';
import { sha256 } from '@kedge/trust/os/sha256';
import type { FileSystem } from './disk/model.ts';
import { createPrng } from './prng.ts';
import { bootDevice } from './simulated-device.ts';
import { quiet } from './subject.ts';

export type Sight =
  /** The releases and the withdrawn ones, as a text. */
  | { readonly kind: 'sees'; readonly what: string }
  | { readonly kind: 'blocked'; readonly reason: string; readonly detail: string }
  /** Something is listed that cannot be had. */
  | { readonly kind: 'half'; readonly problem: string };

/** @param system the device's, which takes what it comes to trust */
export async function follow(system: FileSystem, site: FileSystem, now_ms: number): Promise<Sight> {
  const device = await readerOn(system, site, now_ms);
  const refreshed = await refreshTrust(device);
  if (refreshed.kind === 'blocked') return refreshed;
  const { releases, revocations, problems } = await readTrust(device);
  const found = await readCandidates({
    ...device,
    folder: device.paths.trust,
    sources: device.config.repository,
    releases,
    product: device.config.product,
    counter_above: 0,
  });
  const [problem] = [...problems, ...found.problems];
  if (problem !== undefined) return { kind: 'half', problem };
  for (const artifact of found.candidates.flatMap(({ manifest }) => manifest.artifacts)) {
    if (!(await canHave(device, artifact))) return { kind: 'half', problem: `${artifact.sha256} cannot be had` };
  }
  const versions = found.candidates.map(({ manifest }) => manifest.version);
  const withdrawn = (revocations?.entries ?? []).map(({ version }) => version);
  return { kind: 'sees', what: `${versions.join(' ')}, withdrawn: ${withdrawn.join(' ') || 'none'}` };
}

export async function readerOn(system: FileSystem, site: FileSystem, start_ms: number): Promise<Device> {
  const history = { promised: [], uncertain: new Set<string>(), violations: [] };
  const options = { system, repository: site, history, ill: new Set<string>(), start_ms };
  return (await bootDevice({ ...options, prng: createPrng(start_ms), before: quiet.before })).device;
}

async function canHave({ net, config }: Device, { sha256: digest }: Artifact): Promise<boolean> {
  const url = joinUrl(config.repository[0] ?? '', artifactPath(digest));
  const { body } = await net.request({ method: 'GET', url, answer_timeout_ms: 1000, idle_timeout_ms: 1000 });
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return digestOf(sha256, Buffer.concat(chunks)) === digest;
}
