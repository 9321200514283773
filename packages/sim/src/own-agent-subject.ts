/**
 * The agent's update of itself as the work that is cut off. What runs is what was live when the process began; one that
 * asks for a restart gets it, as from a launcher; one that cannot start is left as the guard leaves it.
 */

import { createAgent } from '@kedge/agent/agent';
import { ownConfig } from '@kedge/agent/config';
import type { Device } from '@kedge/agent/device';
import type { Checks } from '@kedge/agent/ports';
import { ownProgram } from '@kedge/agent/service/own-program';
import type { Disk } from '@kedge/core/ports';
import { linkAtomic } from '@kedge/trust/atomic-file';
import { insideRoots } from './checkers/inside-roots.ts';
import { journalSettled } from './checkers/journal-settled.ts';
import { liveRelease } from './checkers/live-release.ts';
import { giveRoot, start_ms, vendorPorts } from './device-subject.ts';
import { copyOf, emptyFileSystem, type FileSystem } from './disk/model.ts';
import { simulatedDisk } from './disk/simulated-disk.ts';
import { simulatedClock } from './os/simulated-clock.ts';
import { createPrng } from './prng.ts';
import { simulatedApp } from './simulated-app.ts';
import { openSimulated, seededRandom, simulatedConfig } from './simulated-device.ts';
import { simulatedNet } from './simulated-net.ts';
import { buildRelease, openRepository, publishRelease, type SimulatedRelease } from './simulated-vendor.ts';
import { type Complaint, type Kind, type Power, quiet, type Subject } from './subject.ts';

export type OwnUpdateKind = {
  readonly name: string;
  /** What is wrong with the new agent: its checks fail, or it ends as soon as it is started. */
  readonly trouble: 'none' | 'fails its checks' | 'cannot start';
};

const first: SimulatedRelease = { version: '1.0.0', counter: 1, migrations: [] };
const next: SimulatedRelease = { version: '1.1.0', counter: 2, migrations: [] };
const rescue: SimulatedRelease = { version: '1.2.0', counter: 3, migrations: [] };
const asked = { kind: 'asked', wanted: null } as const;
const processes_max = 8;

const own = ownConfig(simulatedConfig('repository: [http://vendor.example]', 'agent: { product: simulated }'));
if (!own) throw new Error('the configuration has no agent');
const config = own;

const rows: readonly OwnUpdateKind[] = [
  { name: 'agent updates itself', trouble: 'none' },
  { name: 'agent that fails its checks', trouble: 'fails its checks' },
  { name: 'agent that cannot start', trouble: 'cannot start' },
];

export const ownUpdateKinds: readonly Kind[] = rows.map((kind) => ({
  name: kind.name,
  prepare: (seed) => ownAgentSubject(kind, seed),
}));

type World = {
  readonly kind: OwnUpdateKind;
  readonly seed: number;
  readonly repository: FileSystem;
  readonly later: FileSystem;
};

async function ownAgentSubject(kind: OwnUpdateKind, seed: number): Promise<Subject> {
  const repository = emptyFileSystem();
  const vendor = vendorPorts(repository, seed);
  await openRepository(vendor);
  const system = emptyFileSystem();
  await giveRoot(repository, system);
  await publishRelease(vendor, await buildRelease(vendor, first));
  const installer = await startProcess({ kind, seed, repository, later: repository }, system, 0, quiet, repository);
  await createAgent(installer.device).check(asked);
  await publishRelease(vendor, await buildRelease(vendor, next));
  const later = copyOf(repository);
  const laterVendor = vendorPorts(later, seed + 1);
  await publishRelease(laterVendor, await buildRelease(laterVendor, rescue));
  return agentIn({ kind, seed, repository, later }, system, 0);
}

type Process = { readonly device: Device; readonly restart: AbortSignal };

/** The first one, when nothing is live yet, is the installer. */
async function startProcess(
  { kind, seed }: World,
  system: FileSystem,
  count: number,
  { before, lies, tell }: Power,
  repository: FileSystem,
): Promise<Process> {
  const disk = simulatedDisk(system, before, lies);
  const clock = simulatedClock(start_ms);
  const version = (await liveVersion(disk)) ?? null;
  const restarting = new AbortController();
  const restart = (to: string): void => {
    if (version === null) return;
    tell(`restart as ${to}`);
    restarting.abort(new Error('restart'));
  };
  const checks: Checks = {
    run: async () =>
      version === next.version && kind.trouble === 'fails its checks'
        ? { kind: 'failed', detail: 'it is ill' }
        : { kind: 'passed' },
  };
  const { data } = simulatedApp(
    { disk, clock },
    config.data,
    { promised: [], uncertain: new Set(), violations: [] },
    new Set(),
  );
  const site = simulatedDisk(repository, quiet.before);
  const device = await openSimulated({
    disk,
    clock,
    net: simulatedNet(() => site),
    random: seededRandom(createPrng(seed + 1000 * (count + 1))),
    app: { service: ownProgram({ clock, version, restart }), data, checks },
    config,
    emit: (event) => tell(JSON.stringify(event)),
    signal: restarting.signal,
  });
  return { device, restart: restarting.signal };
}

/** @param boots how often its power came back */
function agentIn(world: World, system: FileSystem, boots: number): Subject {
  const { kind } = world;

  /** Processes, one after the other, until one of them goes on. */
  async function live(
    power: Power,
    repository: FileSystem,
    act: (device: Device) => Promise<unknown>,
  ): Promise<Device> {
    for (let count = 0; count < processes_max; count += 1) {
      const disk = simulatedDisk(system, power.before, power.lies);
      if (kind.trouble === 'cannot start' && (await liveVersion(disk)) === next.version) {
        power.tell('the guard swaps back');
        await guard(disk);
        continue;
      }
      const { device, restart } = await startProcess(world, system, boots * processes_max + count, power, repository);
      await createAgent(device).recover();
      if (!restart.aborted) await act(device).catch((error: unknown) => rethrowUnless(restart.aborted, error));
      if (!restart.aborted) return device;
    }
    throw new Error(`it was started ${processes_max} times, and wants to be started again`);
  }

  const subject: Subject = {
    system,
    fork: (other) => agentIn(world, other, boots + 1),
    outside: () => '',
    seen: async () => subject,
    async work(power) {
      let has_looked = false;
      await live(power, world.repository, async (device) => {
        if (has_looked) return;
        has_looked = true;
        await createAgent(device).check(asked);
      });
    },
    asFound: async () => [],
    async recover(power) {
      const device = await live(power, world.repository, async () => undefined);
      return async (touched) => {
        const complaints: Complaint[] = [];
        const legal = kind.trouble === 'none' ? [first.version, next.version] : [first.version];
        const history = { promised: [], uncertain: new Set<string>(), violations: [] };
        const recovered = { device, history, legal, migrations: new Map(), touched };
        for (const [checker, check] of Object.entries({ liveRelease, journalSettled, insideRoots })) {
          const problem = await check(recovered);
          if (problem !== undefined) complaints.push({ checker, problem });
        }
        const problem = await ranAsLive(device);
        return problem === undefined ? complaints : [...complaints, { checker: 'ranAsLive', problem }];
      };
    },
    async stuck() {
      const device = await live(quiet, world.later, async (device) => {
        if (device.service.own_version !== rescue.version) await createAgent(device).check(asked);
      });
      const running = device.service.own_version;
      return running === rescue.version ? undefined : `${rescue.version} does not take over: ${running} runs`;
    },
  };
  return subject;
}

/** What the guard does, and a person with a shell: the link goes back, durably. */
async function guard(disk: Disk): Promise<void> {
  const previous = await disk.stat(`${config.folder}/previous`);
  if (previous?.kind !== 'symlink') throw new Error('there is no way back for the guard');
  await linkAtomic(disk, previous.target, `${config.folder}/current`);
}

async function liveVersion(disk: Disk): Promise<string | undefined> {
  const link = await disk.stat(`${config.folder}/current`);
  return link?.kind === 'symlink' ? link.target.slice(link.target.lastIndexOf('/') + 1) : undefined;
}

/** The process that goes on is the release that starts next time as well. */
async function ranAsLive({ deployer, service }: Device): Promise<string | undefined> {
  const live = await deployer.live();
  return live === service.own_version ? undefined : `${service.own_version} runs, and ${live} is live`;
}

function rethrowUnless(expected: boolean, error: unknown): void {
  if (!expected) throw error;
}
