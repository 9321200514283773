/** The kinds of update that are cut at every operation, each with the state that it starts from. */

import { type Agent, createAgent } from '@kedge/agent/agent';
import type { Device } from '@kedge/agent/device';
import { emptyFileSystem, type FileSystem } from './disk/model.ts';
import { simulatedDisk } from './disk/simulated-disk.ts';
import { simulatedClock } from './os/simulated-clock.ts';
import { createPrng, type Prng } from './prng.ts';
import type { History } from './simulated-app.ts';
import { bootDevice, device_folder, seededRandom } from './simulated-device.ts';
import {
  buildRelease,
  openRepository,
  publishRelease,
  repository_folder,
  type SimulatedRelease,
  type VendorPorts,
} from './simulated-vendor.ts';

export type UpdateKind = {
  readonly name: string;
  /** Published and installed, one after the other, before the part that is cut. */
  readonly installed: readonly SimulatedRelease[];
  /** Published just before the part that is cut. */
  readonly offered: SimulatedRelease | undefined;
  readonly ill: ReadonlySet<string>;
  /** What is cut. */
  readonly act: (device: Device) => Promise<unknown>;
  /** What may be live afterwards. */
  readonly legal: readonly (string | undefined)[];
};

export const start_ms = Date.UTC(2026, 10, 22);

const look = (device: Device) => agentOf(device).check({ kind: 'asked', wanted: null });
const one: SimulatedRelease = { version: '1.0.0', counter: 1, migrations: [1] };
const same: SimulatedRelease = { version: '1.1.0', counter: 2, migrations: [1] };
const migrated: SimulatedRelease = { version: '1.1.0', counter: 2, migrations: [1, 2] };
const oneWay: SimulatedRelease = { ...migrated, one_way: [2] };
const none: ReadonlySet<string> = new Set();
const ill: ReadonlySet<string> = new Set(['1.1.0']);
const either = ['1.0.0', '1.1.0'];

function agentOf(device: Device): Agent {
  return createAgent(device);
}

// biome-ignore format: one line for each kind
export const updateKinds: readonly UpdateKind[] = [
  { name: 'first install',             installed: [],              offered: one,       ill: none, act: look, legal: [undefined, '1.0.0'] },
  { name: 'update',                    installed: [one],           offered: same,      ill: none, act: look, legal: either },
  { name: 'update with a migration',   installed: [one],           offered: migrated,  ill: none, act: look, legal: either },
  { name: 'failing first install',     installed: [],              offered: { ...one, version: '1.1.0' }, ill, act: look, legal: [undefined] },
  { name: 'failing health check',      installed: [one],           offered: same,      ill,       act: look, legal: ['1.0.0'] },
  { name: 'roll back by down script',  installed: [one],           offered: migrated,  ill,       act: look, legal: ['1.0.0'] },
  { name: 'roll back by backup',       installed: [one],           offered: oneWay,    ill,       act: look, legal: ['1.0.0'] },
  { name: 'a person goes back',        installed: [one, migrated], offered: undefined, ill: none, act: (device) => agentOf(device).goBack(false), legal: either },
  { name: 'a person gives up writes',  installed: [one, oneWay],   offered: undefined, ill: none, act: (device) => agentOf(device).goBack(true), legal: either },
];

/** Where the cuts begin: a device that runs, a repository with something newer, and one that is newer still. */
export type Start = {
  readonly system: FileSystem;
  readonly repository: FileSystem;
  /** With a good release more, which must install once the faults stop. */
  readonly later: FileSystem;
  readonly history: History;
  readonly migrations: ReadonlyMap<string, readonly string[]>;
};

export const rescue: SimulatedRelease = { version: '1.2.0', counter: 9, migrations: [1, 2] };

export async function startOf(kind: UpdateKind, seed: number): Promise<Start> {
  const prng = createPrng(seed);
  const repository = emptyFileSystem();
  const vendor = vendorPorts(repository, prng);
  await openRepository(vendor);
  const system = emptyFileSystem();
  await giveRoot(repository, system);
  const history: History = { promised: [], uncertain: new Set(), violations: [] };
  for (const release of kind.installed) {
    await publishRelease(vendor, await buildRelease(vendor, release));
    const { device } = await bootDevice({
      system,
      repository,
      history,
      ill: none,
      start_ms,
      prng,
      before: () => undefined,
    });
    await look(device);
  }
  if (kind.offered) await publishRelease(vendor, await buildRelease(vendor, kind.offered));
  const later = structuredClone(repository);
  const laterVendor = vendorPorts(later, prng);
  // An applied migration must not change.
  const one_way = kind.installed.at(-1)?.one_way ?? [];
  await publishRelease(laterVendor, await buildRelease(laterVendor, { ...rescue, one_way }));
  const releases = [...kind.installed, ...(kind.offered ? [kind.offered] : []), rescue];
  const ids = (release: SimulatedRelease) => release.migrations.map((number) => `000${number}_step`);
  const migrations = new Map(releases.map((release) => [release.version, ids(release)]));
  return { system, repository, later, history, migrations };
}

function vendorPorts(repository: FileSystem, prng: Prng): VendorPorts {
  const disk = simulatedDisk(repository, () => undefined);
  return { disk, clock: simulatedClock(start_ms), random: seededRandom(prng) };
}

async function giveRoot(repository: FileSystem, system: FileSystem): Promise<void> {
  const root = await simulatedDisk(repository, () => undefined).read(
    `${repository_folder}/metadata/1.root.json`,
    100_000,
  );
  if (!root) throw new Error('the repository has no root');
  const disk = simulatedDisk(system, () => undefined);
  await disk.makeFolder(device_folder);
  const file = await disk.open(`${device_folder}/root.json`, 'new', 0o644);
  await file.write(root);
  await file.sync();
  await disk.syncFolder(device_folder);
  await disk.syncFolder('/');
}
