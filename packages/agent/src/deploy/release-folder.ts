/**
 * Releases as folders, the live one behind a symlink:
 *
 *   ROOT/releases/2.5.0/            whole and durable, or not there
 *   ROOT/releases/.staging/2.6.0/   being unpacked or being removed
 *   ROOT/current  -> releases/2.5.0
 *   ROOT/previous -> releases/2.4.1
 */

import type { Artifact } from '@kedge/core/manifest';
import { accepts } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { treeDigest } from '@kedge/core/tree';
import { versionText } from '@kedge/core/version';
import { linkAtomic, makeFolderDurable, removeTree } from '@kedge/trust/atomic-file';
import type { Deployer } from '../ports.ts';
import { extentOnDisk, treeOnDisk } from './tree-on-disk.ts';
import { TreeMismatch, unpack } from './unpack.ts';

export type ReleaseFolderPorts = {
  readonly disk: Disk;
  readonly sha256: Sha256;
  /** Rejects when its input is damaged, cut short or followed by anything else. */
  readonly decompress: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  /** Absolute. On one file system with all that is below it. */
  readonly root: string;
};

export function releaseFolderDeployer(ports: ReleaseFolderPorts): Deployer {
  const { disk, sha256, root } = ports;
  const releases = `${root}/releases`;
  const staging = `${releases}/.staging`;
  const current = `${root}/current`;
  const previous = `${root}/previous`;
  const folder = (version: string) => `${releases}/${versionText.parse(version, 'version')}`;
  const staged = (version: string) => `${staging}/${versionText.parse(version, 'version')}`;

  return {
    folder,
    live: () => linkedVersion(disk, current),
    previous: () => linkedVersion(disk, previous),
    switchTo: (version) => point(current, version),
    setPrevious: (version) => point(previous, version),

    /** What a failed staging leaves is below `.staging` only; `drop` and the next `stage` remove it. */
    async stage(version, artifact, bytes) {
      await makeFolderDurable(disk, staging);
      await removeTree(disk, staged(version));
      if (await disk.stat(folder(version))) {
        if (await isWhole(version, artifact)) {
          // The rename may be younger than the last sync, when it was the agent that died and not the power.
          await disk.syncFolder(releases);
          return;
        }
        if ((await linkedVersion(disk, current)) === version) {
          throw new TreeMismatch(
            `the tree of ${version} is damaged and live; go back to another version, then try again`,
          );
        }
        await moveOut(version);
      }
      await unpack(ports, ports.decompress(bytes), artifact, staged(version));
      await disk.rename(staged(version), folder(version));
      await disk.syncFolder(releases);
      await disk.syncFolder(staging);
    },

    async isComplete(version, { entry_count, unpacked_bytes }) {
      const found = await extentOnDisk(disk, folder(version));
      return found.entry_count >= entry_count && found.bytes >= unpacked_bytes;
    },

    async versions() {
      return ((await disk.list(releases)) ?? []).filter((name) => accepts(versionText, name));
    },

    async drop(version) {
      for (const link of [current, previous]) {
        if ((await linkedVersion(disk, link)) !== version) continue;
        throw new Error(`${version} is not dropped: ${link} points to it; switch to another version first`);
      }
      await removeTree(disk, staged(version));
      if (await disk.stat(folder(version))) await moveOut(version);
    },
  };

  async function isWhole(version: string, artifact: Artifact): Promise<boolean> {
    const entries = await treeOnDisk(disk, sha256, folder(version));
    return entries !== undefined && treeDigest(entries, sha256) === artifact.tree_sha256;
  }

  /** Removes a tree that is complete. It leaves `releases` first, so that half of it is never taken for all of it. */
  async function moveOut(version: string): Promise<void> {
    await makeFolderDurable(disk, staging);
    await disk.rename(folder(version), staged(version));
    await disk.syncFolder(releases);
    await removeTree(disk, staged(version));
  }

  async function point(link: string, version: string | undefined): Promise<void> {
    if (version === undefined) {
      await disk.removeFile(link);
      await disk.syncFolder(root);
      return;
    }
    if ((await disk.stat(folder(version)))?.kind !== 'folder') {
      throw new Error(`${link} cannot point to ${version}: it is not on this device; stage it first`);
    }
    await linkAtomic(disk, `releases/${version}`, link);
  }
}

async function linkedVersion(disk: Disk, link: string): Promise<string | undefined> {
  const entry = await disk.stat(link);
  if (!entry) return undefined;
  const target = entry.kind === 'symlink' ? entry.target : `a ${entry.kind}`;
  const [, version] = /^releases\/([^/]+)$/.exec(target) ?? [];
  if (version === undefined) throw new Error(`${link} is ${target}, not a link to a release; remove it or repair it`);
  return versionText.parse(version, link);
}
