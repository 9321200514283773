/** The vendor of a hunt: everything he does is done by the production code, on a disk of his own that never fails. */

import { digestOf } from '@kedge/core/digest';
import type { Disk } from '@kedge/core/ports';
import { builtManifestFile } from '@kedge/publish/build';
import { readKeyring } from '@kedge/publish/keyring';
import { rotateRole } from '@kedge/publish/keys';
import { refreshRepository } from '@kedge/publish/refresh-repository';
import { Refused } from '@kedge/publish/refused';
import { yank } from '@kedge/publish/yank';
import { makeFolderDurable, parentOf, writeAtomic } from '@kedge/trust/atomic-file';
import { sha256 } from '@kedge/trust/os/sha256';
import type { Role } from '@kedge/trust/roles';
import { copyOf, emptyFileSystem, type FileSystem } from '../disk/model.ts';
import { simulatedDisk } from '../disk/simulated-disk.ts';
import type { Condition } from '../faults/app-health.ts';
import { type SimulatedClock, simulatedClock } from '../os/simulated-clock.ts';
import { createPrng, type Prng } from '../prng.ts';
import { seededRandom } from '../simulated-device.ts';
import {
  buildRelease,
  keys,
  openRepository,
  publishRelease,
  repository_folder,
  type SimulatedRelease,
  type VendorPorts,
} from '../simulated-vendor.ts';
import type { Act, ReleasePlan } from './scenario.ts';

export const start_ms = Date.UTC(2026, 10, 22);

export type Vendor = {
  readonly workshop: Workshop;
  readonly system: FileSystem;
  /** Oldest first. */
  readonly published: Published[];
  /** Versions. */
  readonly withdrawn: Set<string>;
  readonly ports: VendorPorts;
};

export type Published = Condition & { readonly plan: ReleasePlan; readonly manifest_sha256: string };

/** What is made once and used in many histories: the same bytes every time. */
export type Workshop = {
  readonly empty: FileSystem;
  /** Files of the release that a text describes, by their path. */
  readonly built: Map<string, ReadonlyMap<string, Uint8Array>>;
};

export async function openWorkshop(): Promise<Workshop> {
  const empty = emptyFileSystem();
  await openRepository(portsOn(empty, simulatedClock(start_ms), createPrng(0)));
  return { empty, built: new Map() };
}

export function openVendor(workshop: Workshop, clock: SimulatedClock, prng: Prng): Vendor {
  const system = copyOf(workshop.empty);
  return { system, workshop, published: [], withdrawn: new Set(), ports: portsOn(system, clock, prng) };
}

/** @returns whether he could */
export async function work(vendor: Vendor, act: Act): Promise<boolean> {
  const { ports, published } = vendor;
  switch (act.kind) {
    case 'publish':
      return publishPlan(vendor, act.release);
    case 'withdraw': {
      const release = published.at(-1 - act.back);
      if (!release) return false;
      const { version } = release.plan;
      const withdrawal = { product: 'simulated', version, reason: 'it is bad', action: act.action };
      await yank({ ...ports, sha256 }, await readKeyring(ports.disk, keys), repository_folder, withdrawal);
      vendor.withdrawn.add(version);
      return true;
    }
    case 'replace_keys':
      await replaceKeys(vendor, act.role);
      return true;
    case 'sign':
      await refreshRepository({ ...ports, sha256 }, await readKeyring(ports.disk, keys), repository_folder);
      return true;
    default:
      return false;
  }
}

export async function replaceKeys({ ports }: Vendor, role: Role): Promise<void> {
  await rotateRole({ ...ports, sha256 }, keys, repository_folder, role);
}

async function publishPlan({ workshop, ports, published }: Vendor, plan: ReleasePlan): Promise<boolean> {
  const built = await buildOnce(workshop, plan);
  for (const [path, bytes] of built) {
    await makeFolderDurable(ports.disk, parentOf(path));
    await writeAtomic(ports.disk, path, bytes);
  }
  const folder = `/sources/${plan.version}/out`;
  const manifest = built.get(`${folder}/${builtManifestFile}`);
  if (!manifest) throw new Error(`${folder} has no manifest`);
  try {
    await publishRelease(ports, folder);
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
  published.push({
    plan,
    manifest_sha256: digestOf(sha256, manifest),
    health: plan.health,
    published_ms: ports.clock.now_ms(),
  });
  return true;
}

/** To build takes far longer than all else that a vendor does. */
async function buildOnce({ built }: Workshop, plan: ReleasePlan): Promise<ReadonlyMap<string, Uint8Array>> {
  const { version, counter, one_way, severity, ballast_bytes } = plan;
  const release: SimulatedRelease = {
    version,
    counter,
    migrations: Array.from({ length: plan.migrations }, (_, index) => index + 1),
    one_way,
    severity,
    ballast_bytes,
    ...(plan.foreign ? { hardware: ['another-model'] } : {}),
  };
  const key = JSON.stringify(release);
  const known = built.get(key);
  if (known) return known;
  const ports = portsOn(emptyFileSystem(), simulatedClock(start_ms), createPrng(0));
  const folder = await buildRelease(ports, release);
  const files = new Map<string, Uint8Array>();
  await gather(ports.disk, folder, files);
  built.set(key, files);
  return files;
}

async function gather(disk: Disk, folder: string, files: Map<string, Uint8Array>): Promise<void> {
  for (const name of (await disk.list(folder)) ?? []) {
    const path = `${folder}/${name}`;
    const bytes = await disk.read(path, artifact_bytes_max);
    if (bytes) files.set(path, bytes);
    else await gather(disk, path, files);
  }
}

function portsOn(system: FileSystem, clock: SimulatedClock, prng: Prng): VendorPorts {
  const disk = simulatedDisk(system, () => undefined);
  return { disk, clock: { ...clock, now_ms: clock.true_ms }, random: seededRandom(prng) };
}

const artifact_bytes_max = 16 * 1024 * 1024;
