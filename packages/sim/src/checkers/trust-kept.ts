/** Through power cuts and recoveries a device never trusts less than before: not an older set, and not none. */

import type { Device } from '@kedge/agent/device';
import { readTrust } from '@kedge/agent/stages/1-discover';
import { digestOfTree } from '../disk/digest.ts';
import type { FileSystem } from '../disk/model.ts';
import { watchTrust } from './trust-monotonic.ts';

export type TrustKept = (device: Device, system: FileSystem) => Promise<string | undefined>;

/** @param before the cuts */
export async function trustKept(before: Device): Promise<TrustKept> {
  const watch = watchTrust();
  await watch.look(before, true);
  const { releases } = await readTrust(before);
  // Signatures take long, and most cuts do not touch what is trusted.
  const known = new Map<string, string | undefined>();

  async function judge(device: Device): Promise<string | undefined> {
    const wentBack = await watch.look(device, false);
    if (wentBack !== undefined) return wentBack;
    const trusted = await readTrust(device);
    const lost = releases.filter(({ path }) => !trusted.releases.some((release) => release.path === path));
    return lost.length === 0 ? undefined : `${lost.map(({ path }) => path).join(', ')} is not trusted any more`;
  }

  return async (device, system) => {
    const key = digestOfTree(system, device.paths.trust);
    if (!known.has(key)) known.set(key, await judge(device));
    return known.get(key);
  };
}
