/** Exactly one of old or new is live, and it is whole, byte for byte. */

import { treeOnDisk } from '@kedge/agent/deploy/tree-on-disk';
import { readInstalled } from '@kedge/agent/installed';
import { localRelease } from '@kedge/agent/local-release';
import { treeDigest } from '@kedge/core/tree';
import type { Checker } from './checker.ts';

export const liveRelease: Checker = async ({ device, legal }) => {
  const live = await device.deployer.live();
  if (!legal.includes(live)) return `${live ?? 'nothing'} is live; only ${legal.map(String).join(' or ')} may be`;
  const installed = await readInstalled(device);
  if (installed?.current.version !== live) return `${live} is live, but ${installed?.current.version} is written down`;
  if (!installed) return undefined;
  const { manifest, folder } = await localRelease(device, installed.current);
  const entries = await treeOnDisk(device.disk, device.sha256, folder);
  const isWhole = entries && treeDigest(entries, device.sha256) === manifest.artifacts[0]?.tree_sha256;
  return isWhole ? undefined : `the tree of ${live}, which is live, is not whole`;
};
