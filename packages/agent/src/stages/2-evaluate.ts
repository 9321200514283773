/** Stage 2, evaluate: gathers the facts of this device; the decision itself is the pure function in core. */

import { type Decision, type Device as DeviceFacts, evaluate as decide } from '@kedge/core/evaluate';
import type { DataPart } from '@kedge/core/manifest';
import type { Disk } from '@kedge/core/ports';
import { agent_version } from '../build.ts';
import type { Device } from '../device.ts';
import { readInstalled } from '../installed.ts';
import { localRelease } from '../local-release.ts';
import { nothing, recall } from '../memory.ts';
import type { Found } from './1-discover.ts';

export async function evaluate(device: Device, found: Found): Promise<Decision> {
  return decide(await factsOf(device, found), found.releases, device.config.policy, found.now_ms);
}

async function factsOf(device: Device, found: Found): Promise<DeviceFacts> {
  const { config, machine, memory, disk } = device;
  const installed = await readInstalled(device);
  const owner = await recall(memory.owner, nothing.owner);
  const release = installed ? await localRelease(device, installed.current) : undefined;
  return {
    product: config.product,
    platform: machine.platform,
    hardware: config.hardware,
    agent_version,
    ram_bytes: machine.ram_bytes,
    disk_free_bytes: await disk.freeSpace(config.folder),
    backup_bytes: await dataSize(disk, config.data, release?.manifest.data ?? []),
    runtimes: machine.runtimes,
    installed: installed?.current ?? null,
    channel: owner.channel ?? config.channel,
    pins: (await recall(memory.trouble, nothing.trouble)).pins,
    revocations: found.revocations,
    revocations_checked_ms: found.revocations_checked_ms,
    consents: owner.consents,
    wanted: found.wanted,
  };
}

async function dataSize(disk: Disk, folder: string, parts: readonly DataPart[]): Promise<number> {
  let size_bytes = 0;
  for (const { path } of parts) size_bytes += await treeSize(disk, `${folder}/${path}`);
  return size_bytes;
}

async function treeSize(disk: Disk, path: string): Promise<number> {
  const entry = await disk.stat(path);
  if (entry?.kind === 'file') return entry.size_bytes;
  if (entry?.kind !== 'folder') return 0;
  let size_bytes = 0;
  for (const name of (await disk.list(path)) ?? []) size_bytes += await treeSize(disk, `${path}/${name}`);
  return size_bytes;
}
