/** A device as the machine that is cut off: the production agent, its app and its data, and a vendor far away. */

import { createAgent } from '@kedge/agent/agent';
import type { Device } from '@kedge/agent/device';
import { dataHistory } from './checkers/data-history.ts';
import { insideRoots } from './checkers/inside-roots.ts';
import { journalSettled } from './checkers/journal-settled.ts';
import { linkWhole } from './checkers/link-whole.ts';
import { liveRelease } from './checkers/live-release.ts';
import { type TrustKept, trustKept } from './checkers/trust-kept.ts';
import { copyOf, emptyFileSystem, type FileSystem } from './disk/model.ts';
import { simulatedDisk } from './disk/simulated-disk.ts';
import { simulatedClock } from './os/simulated-clock.ts';
import { createPrng } from './prng.ts';
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
import { type Complaint, type Power, quiet, type Subject } from './subject.ts';
import type { UpdateKind } from './update-kinds.ts';

export const start_ms = Date.UTC(2026, 10, 22);

/** What does not change while the device is cut. */
type World = {
  readonly kind: UpdateKind;
  readonly seed: number;
  readonly repository: FileSystem;
  /** With a good release more, which must install once the faults stop. */
  readonly later: FileSystem;
  readonly rescue: string;
  readonly migrations: ReadonlyMap<string, readonly string[]>;
  readonly trust: TrustKept;
};

const checkers = { liveRelease, dataHistory, journalSettled, insideRoots };

export async function deviceSubject(kind: UpdateKind, seed: number): Promise<Subject> {
  const prng = createPrng(seed);
  const repository = emptyFileSystem();
  const vendor = vendorPorts(repository, seed);
  await openRepository(vendor);
  const system = emptyFileSystem();
  await giveRoot(repository, system);
  const history: History = { promised: [], uncertain: new Set(), violations: [] };
  const healthy = { repository, history, ill: new Set<string>(), start_ms, prng, before: quiet.before };
  for (const release of kind.installed) {
    await publishRelease(vendor, await buildRelease(vendor, release));
    const { device } = await bootDevice({ ...healthy, system });
    await createAgent(device).check({ kind: 'asked', wanted: null });
  }
  await kind.meanwhile?.(vendor);
  if (kind.offered) await publishRelease(vendor, await buildRelease(vendor, kind.offered));
  const later = copyOf(repository);
  const rescue = await publishRescue(kind, vendorPorts(later, seed + 1));
  const releases = [...kind.installed, ...(kind.offered ? [kind.offered] : [])];
  const world: World = {
    kind,
    seed,
    repository,
    later,
    rescue: rescue.version,
    migrations: new Map([...releases, rescue].map((release) => [release.version, migrationsOf(release)])),
    trust: await trustKept((await bootDevice({ ...healthy, system: copyOf(system) })).device),
  };
  return deviceIn(world, system, history, 0);
}

/** @param boots how often its power came back */
function deviceIn(world: World, system: FileSystem, history: History, boots: number): Subject {
  const { kind, seed } = world;

  async function boot({ before, lies, tell }: Power, repository: FileSystem): Promise<Device> {
    // The same chance in the same boot: states that differ only in a name made by chance would all be tried.
    const prng = createPrng(seed + 1000 * (boots + 1));
    const booted = await bootDevice({ system, repository, history, ill: kind.ill, start_ms, prng, before, lies });
    return { ...booted.device, emit: (event) => tell(JSON.stringify(event)) };
  }

  const subject: Subject = {
    system,
    fork: (other) => deviceIn(world, other, copyOfHistory(history), boots + 1),
    outside: () => [...history.promised.map(({ text, at_ms }) => `${text} ${at_ms}`), ...history.uncertain].join('\n'),
    seen: async () => subject,
    async work(power) {
      await kind.act(await boot(power, world.repository));
    },
    async asFound() {
      const problem = linkWhole(system, world.repository);
      return problem === undefined ? [] : [{ checker: 'linkWhole', problem }];
    },
    async recover(power) {
      const device = await boot(power, world.repository);
      await createAgent(device).recover();
      const { legal } = kind;
      return async (touched) => {
        const complaints: Complaint[] = [];
        for (const [checker, check] of Object.entries(checkers)) {
          const problem = await check({ device, history, legal, migrations: world.migrations, touched });
          if (problem !== undefined) complaints.push({ checker, problem });
        }
        const problem = await world.trust(device, system);
        return problem === undefined ? complaints : [...complaints, { checker: 'trustKept', problem }];
      };
    },
    async stuck() {
      const report = await createAgent(await boot(quiet, world.later)).check({ kind: 'asked', wanted: null });
      if (report.kind === 'updated' && report.to === world.rescue) return undefined;
      return `${world.rescue} does not install: ${report.kind} ${report.reasons.join(' ')}`;
    },
  };
  return subject;
}

/** A good release with all the migrations that may have been applied: what was applied must not change. */
async function publishRescue(kind: UpdateKind, vendor: VendorPorts): Promise<SimulatedRelease> {
  const { installed, offered } = kind;
  const most = Math.max(2, ...[...installed, ...(offered ? [offered] : [])].flatMap(({ migrations }) => migrations));
  const migrations = Array.from({ length: most }, (_, index) => index + 1);
  const one_way = installed.at(-1)?.one_way ?? [];
  const rescue: SimulatedRelease = { version: '1.2.0', counter: 9, migrations, one_way };
  await publishRelease(vendor, await buildRelease(vendor, rescue));
  return rescue;
}

function migrationsOf({ migrations }: SimulatedRelease): readonly string[] {
  return migrations.map((number) => `000${number}_step`);
}

export function vendorPorts(repository: FileSystem, seed: number): VendorPorts {
  const disk = simulatedDisk(repository, quiet.before);
  return { disk, clock: simulatedClock(start_ms), random: seededRandom(createPrng(seed)) };
}

/** As it comes to its owner: with nothing but the root of its vendor. */
export async function giveRoot(repository: FileSystem, system: FileSystem): Promise<void> {
  const site = simulatedDisk(repository, quiet.before);
  const root = await site.read(`${repository_folder}/metadata/1.root.json`, root_bytes_max);
  if (!root) throw new Error('the repository has no root');
  const disk = simulatedDisk(system, quiet.before);
  await disk.makeFolder(device_folder);
  const file = await disk.open(`${device_folder}/root.json`, 'new', 0o644);
  await file.write(root);
  await file.sync();
  await disk.syncFolder(device_folder);
  await disk.syncFolder('/');
}

const root_bytes_max = 100_000;

function copyOfHistory({ promised, uncertain, violations }: History): History {
  return { promised: [...promised], uncertain: new Set(uncertain), violations: [...violations] };
}
