/** A vendor's machine as the one that is cut off, and the devices that follow what it shows them. */

import { createAgent } from '@kedge/agent/agent';
import { readKeyring } from '@kedge/publish/keyring';
import { listKeys } from '@kedge/publish/keys';
import { verifyRepository } from '@kedge/publish/verify-repository';
import { sha256 } from '@kedge/trust/os/sha256';
import { giveRoot } from './device-subject.ts';
import { digestOfTree } from './disk/digest.ts';
import { copyOf, emptyFileSystem, type FileSystem } from './disk/model.ts';
import { afterFall, choicesIn, everythingSurvives } from './disk/power-cut.ts';
import { simulatedDisk } from './disk/simulated-disk.ts';
import { simulatedClock } from './os/simulated-clock.ts';
import { createPrng } from './prng.ts';
import { follow, readerOn, type Sight } from './reader.ts';
import { seededRandom } from './simulated-device.ts';
import {
  buildRelease,
  keys,
  openRepository,
  publishRelease,
  repository_folder,
  type SimulatedRelease,
  type VendorPorts,
} from './simulated-vendor.ts';
import { type Complaint, type Power, quiet, type Subject } from './subject.ts';
import type { VendorKind } from './vendor-kinds.ts';

const opened_ms = Date.UTC(2026, 10, 22);
const day_ms = 86_400_000;
const life_ms = 600_000;

/** What does not change while the vendor is cut. */
type World = {
  readonly kind: VendorKind;
  readonly seed: number;
  /** A device that has nothing but the first root, and one that has followed for long. */
  readonly fresh: FileSystem;
  readonly old: FileSystem;
  /** What devices see before the work, and after it. */
  readonly legal: readonly [before: string, after: string];
  /** What a device came to, by its disk and by what the repository showed. */
  readonly followed: Map<string, Followed>;
};

type Followed = { readonly sight: Sight; readonly system: FileSystem };

const rescue: SimulatedRelease = { version: '9.0.0', counter: 9, migrations: [1] };

export async function vendorSubject(kind: VendorKind, seed: number): Promise<Subject> {
  const made = emptyFileSystem();
  await openRepository(portsOn(made, quiet, opened_ms, seed));
  for (const [index, { day, act }] of kind.before.entries()) {
    await act(portsOn(made, quiet, opened_ms + day * day_ms, seed + index + 1));
  }
  await buildRelease(portsOn(made, quiet, opened_ms, seed), rescue);
  const choices = choicesIn(made);
  const system = afterFall(made, choices, everythingSurvives(choices));
  const fresh = emptyFileSystem();
  await giveRoot(system, fresh);
  const old = copyOf(fresh);
  const now_ms = opened_ms + kind.day * day_ms;
  await createAgent(await readerOn(old, system, now_ms)).check({ kind: 'asked', wanted: null });
  const done = copyOf(system);
  await kind.act(portsOn(done, quiet, now_ms, seed + 100));
  const legal = [await seenIn(old, system, now_ms), await seenIn(old, done, now_ms)] as const;
  return vendorIn({ kind, seed, fresh, old, legal, followed: new Map() }, system, old, 0);
}

/**
 * @param witness a device that has looked whenever the power was about to go
 * @param lives of this machine, from one power cut to the next; time goes on between them
 */
function vendorIn(world: World, system: FileSystem, witness: FileSystem, lives: number): Subject {
  const { kind, seed, fresh, old } = world;
  const now_ms = opened_ms + kind.day * day_ms + lives * life_ms;

  async function followIt(device: FileSystem): Promise<Followed> {
    const key = `${digestOfTree(device)} ${digestOfTree(system, repository_folder, isPublic)}`;
    const before = world.followed.get(key);
    if (before) return before;
    const after = copyOf(device);
    const followed = { sight: await follow(after, system, now_ms), system: after };
    world.followed.set(key, followed);
    return followed;
  }

  async function problemsOfReaders(legal: readonly string[]): Promise<readonly Complaint[]> {
    const complaints: Complaint[] = [];
    for (const [who, device] of Object.entries({ fresh, old, witness })) {
      const { sight } = await followIt(device);
      const problem = problemOf(sight, legal);
      // What was shown and then lost is nothing that a device takes back: it waits until the vendor is there again.
      const waits =
        device === witness && legal.length > 1 && sight.kind === 'blocked' && sight.reason === 'rolled_back';
      if (problem !== undefined && !waits)
        complaints.push({ checker: 'readers', problem: `a ${who} device: ${problem}` });
    }
    return complaints;
  }

  const subject: Subject = {
    system,
    fork: (other) => vendorIn(world, other, witness, lives + 1),
    outside: () => digestOfTree(witness),
    async seen() {
      const { sight, system: seen } = await followIt(witness);
      return vendorIn(world, system, sight.kind === 'sees' ? seen : witness, lives);
    },
    async work(power) {
      await kind.act(portsOn(system, power, now_ms, seed + 100 * lives));
    },
    asFound: () => problemsOfReaders(world.legal),
    async recover(power) {
      await subject.work(power);
      return async (touched) => [
        ...(await problemsOfReaders(world.legal.slice(1))),
        ...(await problemsOfVendor(portsOn(system, quiet, now_ms, seed))),
        ...[...touched].filter(isOutside).map((path) => ({ checker: 'insideRoots', problem: `${path} was touched` })),
      ];
    },
    async stuck() {
      await publishRelease(portsOn(system, quiet, now_ms, seed), `/sources/${rescue.version}/out`);
      for (const [who, device] of Object.entries({ old, witness })) {
        const reader = await readerOn(copyOf(device), system, now_ms);
        const report = await createAgent(reader).check({ kind: 'asked', wanted: null });
        if (report.kind === 'updated' && report.to === rescue.version) continue;
        return `a ${who} device does not install ${rescue.version}: ${report.kind} ${report.reasons.join(' ')}`;
      }
      return undefined;
    },
  };
  return subject;
}

function problemOf(sight: Sight, legal: readonly string[]): string | undefined {
  switch (sight.kind) {
    case 'sees':
      return legal.includes(sight.what) ? undefined : `sees ${sight.what}; only ${legal.join(' or ')} is right`;
    case 'blocked':
      return `is blocked (${sight.reason}): ${sight.detail}`;
    case 'half':
      return sight.problem;
    default:
      return sight satisfies never;
  }
}

/** Everything is there and right, and every key that counts is at hand. */
async function problemsOfVendor(ports: VendorPorts): Promise<readonly Complaint[]> {
  const { problems } = await verifyRepository({ ...ports, sha256 }, repository_folder);
  const { key_ids: here } = await readKeyring(ports.disk, keys);
  const counting = (await listKeys(ports, repository_folder)).flatMap(({ key_ids }) => key_ids);
  const missing = counting.filter((key_id) => !here.has(key_id));
  return [
    ...problems.map((problem) => ({ checker: 'repository', problem })),
    ...missing.map((key_id) => ({ checker: 'keys', problem: `${key_id} counts, and its file is not there` })),
  ];
}

async function seenIn(device: FileSystem, site: FileSystem, now_ms: number): Promise<string> {
  const sight = await follow(copyOf(device), site, now_ms);
  if (sight.kind !== 'sees') throw new Error(`a device does not see the repository: ${problemOf(sight, [])}`);
  return sight.what;
}

/** Nobody asks for a temporary file. */
function isPublic(name: string): boolean {
  return !name.endsWith('.tmp');
}

function isOutside(path: string): boolean {
  return ![repository_folder, keys.folder].some((root) => path === root || path.startsWith(`${root}/`));
}

function portsOn(system: FileSystem, { before, lies }: Power, now_ms: number, seed: number): VendorPorts {
  const disk = simulatedDisk(system, before, lies);
  return { disk, clock: simulatedClock(now_ms), random: seededRandom(createPrng(seed)) };
}
