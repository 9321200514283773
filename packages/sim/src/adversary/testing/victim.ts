/** A vendor with a history, and the devices that have followed it. */

import { createAgent } from '@kedge/agent/agent';
import type { Device } from '@kedge/agent/device';
import type { Report } from '@kedge/agent/report';
import { readKeyring } from '@kedge/publish/keyring';
import { rotateRole } from '@kedge/publish/keys';
import { refreshRepository } from '@kedge/publish/refresh-repository';
import { yank } from '@kedge/publish/yank';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import { sha256 } from '@kedge/trust/os/sha256';
import type { Role } from '@kedge/trust/roles';
import { copyOf, emptyFileSystem, type FileSystem } from '../../disk/model.ts';
import { simulatedDisk } from '../../disk/simulated-disk.ts';
import { simulatedClock } from '../../os/simulated-clock.ts';
import { createPrng } from '../../prng.ts';
import { type History, simulatedApp } from '../../simulated-app.ts';
import { device_folder, openSimulated, seededRandom, simulatedConfig } from '../../simulated-device.ts';
import { simulatedNet } from '../../simulated-net.ts';
import {
  buildRelease,
  keys,
  openRepository,
  publishRelease,
  repository_folder,
  type VendorPorts,
} from '../../simulated-vendor.ts';
import type { Ground, Hostile } from '../attack.ts';

const start_ms = Date.UTC(2026, 10, 22);
const day_ms = 86_400_000;
const prng = createPrng(1);

/** A device's disk, and what its user knows. */
export type Life = { readonly system: FileSystem; readonly history: History };

export type Look = { readonly report: Report; readonly device: Device };

/** One look for updates, as a person asks for it. The life goes on from there. */
export async function lookAt({ system, history }: Life, { repository, tap }: Hostile, now_ms: number): Promise<Look> {
  const disk = simulatedDisk(system, () => undefined);
  const clock = simulatedClock(now_ms);
  const site = simulatedDisk(repository, () => undefined);
  const net = simulatedNet(() => site);
  const config = simulatedConfig('repository: [http://vendor.example]');
  const device = await openSimulated({
    disk,
    clock,
    net: tap?.(net, clock) ?? net,
    random: seededRandom(prng),
    app: simulatedApp({ disk, clock }, config.data, history, new Set()),
    config,
    emit: () => undefined,
    signal: new AbortController().signal,
  });
  return { report: await createAgent(device).check({ kind: 'asked', wanted: null }), device };
}

export function copyLife({ system, history }: Life): Life {
  return { system: copyOf(system), history: structuredClone(history) };
}

export type Setting = {
  /** The vendor's disk before his first release. */
  readonly empty: FileSystem;
  readonly ground: Ground;
  /** Of the devices that have seen all of it, and all but the newest release. */
  readonly lives: { readonly [seen in 'all' | 'all but the newest']: Life };
};

/** Four releases, two of them withdrawn, a week of signatures, and a timestamp key that was replaced. */
export async function settle(): Promise<Setting> {
  const vendor = emptyFileSystem();
  const past: FileSystem[] = [];
  const life: Life = { system: emptyFileSystem(), history: { promised: [], uncertain: new Set(), violations: [] } };
  let day = 0;
  const now_ms = () => start_ms + day * day_ms;
  const step = async (work: (vendor: VendorPorts) => Promise<unknown>): Promise<void> => {
    await work(portsOf(vendor, now_ms()));
    past.push(copyOf(vendor));
  };
  await openRepository(portsOf(vendor, now_ms()));
  await giveRoot(vendor, life.system);
  const empty = copyOf(vendor);
  await step((ports) => release(ports, '1.0.0', 1));
  await lookAt(life, { repository: vendor }, now_ms());
  day = 1;
  await step((ports) => release(ports, '1.1.0', 2));
  await step((ports) => withdraw(ports, '1.0.0'));
  day = 3;
  await step((ports) => rotateRole({ ...ports, sha256 }, keys, repository_folder, 'timestamp'));
  day = 6;
  await step((ports) => renew(ports));
  await step((ports) => release(ports, '1.2.0', 3));
  await lookAt(life, { repository: vendor }, now_ms());
  const behind = copyLife(life);
  await step((ports) => withdraw(ports, '1.1.0'));
  await release(portsOf(vendor, now_ms()), '1.3.0', 4);
  await lookAt(life, { repository: vendor }, now_ms());
  return { empty, ground: { vendor, past, now_ms: now_ms() }, lives: { all: life, 'all but the newest': behind } };
}

/**
 * What the vendor does once he knows: new keys where they were stolen, new signatures, and the next good release. A release
 * that a thief has signed is taken back by the digest of its manifest.
 */
export async function answerOf(
  { vendor }: Ground,
  now_ms: number,
  stolen: readonly Role[],
  forged?: { readonly version: string; readonly manifest_sha256: string },
): Promise<FileSystem> {
  const system = copyOf(vendor);
  const ports = portsOf(system, now_ms);
  for (const role of stolen) await rotateRole({ ...ports, sha256 }, keys, repository_folder, role);
  if (forged) {
    const withdrawal = { product: 'simulated', reason: 'a thief signed it', action: 'roll_back', ...forged } as const;
    await yank({ ...ports, sha256 }, await readKeyring(ports.disk, keys), repository_folder, withdrawal);
  }
  await renew(ports);
  await release(ports, '1.4.0', 5);
  return system;
}

function portsOf(system: FileSystem, now_ms: number): VendorPorts {
  return { disk: simulatedDisk(system, () => undefined), clock: simulatedClock(now_ms), random: seededRandom(prng) };
}

async function release(ports: VendorPorts, version: string, counter: number): Promise<void> {
  await publishRelease(ports, await buildRelease(ports, { version, counter, migrations: [1] }));
}

async function renew(ports: VendorPorts): Promise<void> {
  await refreshRepository({ ...ports, sha256 }, await readKeyring(ports.disk, keys), repository_folder);
}

async function withdraw(ports: VendorPorts, version: string): Promise<void> {
  const withdrawal = { product: 'simulated', version, reason: 'it is ill', action: 'refuse' } as const;
  await yank({ ...ports, sha256 }, await readKeyring(ports.disk, keys), repository_folder, withdrawal);
}

async function giveRoot(vendor: FileSystem, system: FileSystem): Promise<void> {
  const root = await simulatedDisk(vendor, () => undefined).read(`${repository_folder}/metadata/1.root.json`, 100_000);
  const disk = simulatedDisk(system, () => undefined);
  await makeFolderDurable(disk, device_folder);
  await writeAtomic(disk, `${device_folder}/root.json`, root ?? new Uint8Array());
}
