/** All there is in one hunt: a vendor, his mirror, the network, a device with its disk, and who watches. */

import type { Disk, Net, NetResponse } from '@kedge/core/ports';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import { root_bytes_max } from '@kedge/trust/limits';
import { sha256 } from '@kedge/trust/os/sha256';
import type { Hostile } from '../adversary/attack.ts';
import { type TrustWatch, watchTrust } from '../checkers/trust-monotonic.ts';
import { copyOf, emptyFileSystem, type FileSystem } from '../disk/model.ts';
import { simulatedDisk } from '../disk/simulated-disk.ts';
import { type SimulatedClock, simulatedClock } from '../os/simulated-clock.ts';
import { createPrng, type Prng } from '../prng.ts';
import type { History } from '../simulated-app.ts';
import { device_folder } from '../simulated-device.ts';
import { chunksOf, simulatedNet } from '../simulated-net.ts';
import { repository_folder } from '../simulated-vendor.ts';
import type { Machine } from './machine.ts';
import type { Act } from './scenario.ts';
import { quiet, type Strikes } from './strike.ts';
import { createTrace, type Trace } from './trace.ts';
import { openVendor, start_ms, type Vendor, type Workshop, work } from './vendor.ts';
import { createWitness, type Witness } from './witness.ts';

export type World = {
  readonly clock: SimulatedClock;
  readonly prng: Prng;
  readonly vendor: Vendor;
  /** The vendor's disk as it was when the mirror followed last. */
  mirror: FileSystem;
  /** The vendor's disk before each thing that he did, from his first release on. */
  readonly past: FileSystem[];
  /** Who stands where a source should be. */
  readonly hostile: Map<string, Hostile>;
  /** The device's disk. Another one after each power cut. */
  system: FileSystem;
  readonly history: History;
  /** Undefined while the device is off. */
  machine: Machine | undefined;
  /** Of the agent that runs, or of the last one that did. */
  stopping: AbortController;
  /** The faults of the step that is played, or of the recovery. */
  strikes: Strikes;
  /** Whether a fault may have left work undone. */
  unsettled: boolean;
  /** Whether what a killed agent left may still go with the power: until a look has come to its end. */
  volatile: boolean;
  readonly touched: Set<string>;
  readonly witness: Witness;
  readonly trust: TrustWatch;
  readonly trace: Trace;
  readonly spoil: (disk: Disk) => Disk;
};

type WorldKit = { readonly workshop: Workshop; readonly spoil?: (disk: Disk) => Disk };

const asItIs = (disk: Disk): Disk => disk;

export async function createWorld({ workshop, spoil = asItIs }: WorldKit, seed: number): Promise<World> {
  const clock = simulatedClock(start_ms);
  const prng = createPrng(seed);
  const vendor = openVendor(workshop, clock, prng);
  const history: History = { promised: [], uncertain: new Set(), violations: [] };
  const world: World = {
    clock,
    prng,
    vendor,
    mirror: copyOf(vendor.system),
    past: [],
    hostile: new Map(),
    system: await diskWithRoot(vendor),
    history,
    machine: undefined,
    stopping: new AbortController(),
    strikes: quiet,
    unsettled: false,
    volatile: false,
    touched: new Set(),
    witness: createWitness(
      history,
      () => world.system,
      (version) => vendor.published.find(({ plan }) => plan.version === version)?.plan,
    ),
    trust: watchTrust(),
    trace: createTrace(sha256),
    spoil,
  };
  return world;
}

export async function vendorWorks(world: World, act: Act, mirrored: boolean): Promise<void> {
  const { vendor, past } = world;
  const before = vendor.published.length === 0 ? undefined : copyOf(vendor.system);
  if ((await work(vendor, act)) && before) past.push(before);
  if (mirrored) world.mirror = copyOf(vendor.system);
}

export function setClockRight({ clock }: World): void {
  clock.setDrift(0);
  clock.set(clock.true_ms());
}

/** The network as it is meant to be, but for who is hostile. */
export function networkOf(world: World): Net {
  return {
    async request(request) {
      const { host } = new URL(request.url);
      if (host === 'reports.example') return acknowledged();
      const hostile = world.hostile.get(host);
      const system = hostile?.repository ?? (host === 'mirror.example' ? world.mirror : world.vendor.system);
      const net = siteOn(system);
      return (hostile?.tap?.(net, world.clock) ?? net).request(request);
    },
  };
}

/** Undefined when the vendor has done nothing yet. */
export function earlierNetwork({ past }: World, prng: Prng): Net | undefined {
  const system = past[prng.below(past.length)];
  return system && siteOn(system);
}

function siteOn(system: FileSystem): Net {
  const disk = simulatedDisk(system, () => undefined);
  return simulatedNet((host) => (host === 'portal.example' ? undefined : disk));
}

function acknowledged(): NetResponse {
  return { status: 204, headers: {}, body: chunksOf(new Uint8Array(0)) };
}

async function diskWithRoot({ ports }: Vendor): Promise<FileSystem> {
  const root = await ports.disk.read(`${repository_folder}/metadata/1.root.json`, root_bytes_max);
  if (!root) throw new Error('the repository has no root');
  const system = emptyFileSystem();
  const disk = simulatedDisk(system, () => undefined);
  await makeFolderDurable(disk, device_folder);
  await writeAtomic(disk, `${device_folder}/root.json`, root);
  return system;
}
