/**
 * A scenario from a seed, by swarm testing: each seed has a few kinds of faults at its own rates, and none of the others, so
 * that rare combinations come up which an even mixture of all would drown.
 */

import { diskFaultKinds, type Fault, type NetFaultKind, netFaultKinds, sources, subjects } from '../faults/fault.ts';
import { createPrng, type Prng } from '../prng.ts';
import { type Act, healths, type ReleasePlan, type Scenario, type Step } from './scenario.ts';

/** One fault, or several that do nothing without each other. */
type FaultMaker = (prng: Prng) => Fault | readonly Fault[];
type Swarm = readonly { readonly make: FaultMaker; readonly rate: number }[];

/** @param attacks names of the attacks that there are */
export function generate(seed: number, attacks: readonly string[]): Scenario {
  const prng = createPrng(seed);
  const swarm = chooseSwarm(prng, attacks);
  const vendor: VendorState = { line: productLine(prng.below(product_lines)), count: 0, isLookedAt: false };
  const first: Step = { act: publish(vendor, prng, 'well'), faults: [] };
  const steps = [first];
  const count = 4 + prng.below(14);
  for (let index = 0; index < count; index += 1) {
    const act = chooseAct(vendor, prng);
    steps.push({ act, faults: isVendors(act) ? [] : chooseFaults(swarm, prng) });
  }
  return { seed, steps };
}

function chooseSwarm(prng: Prng, attacks: readonly string[]): Swarm {
  const share = 0.05 + 0.4 * prng.fraction();
  const isIn = () => prng.fraction() < share;
  const makers = faultMakers.filter(isIn);
  // There are many attacks, and one enemy at a time.
  if (attacks.length > 0 && prng.fraction() < 0.5) makers.push(attackOf(attacks));
  const swarm = makers.map((make) => ({ make, rate: 0.05 + 0.6 * prng.fraction() ** 2 }));
  // Recovery is where the most can go wrong, and it needs something to recover from.
  return prng.fraction() < 0.5 ? [...swarm, { make: powerCut, rate: 0.1 + 0.6 * prng.fraction() }] : swarm;
}

function attackOf(attacks: readonly string[]): FaultMaker {
  return (prng) => ({ kind: 'attack', name: pick(attacks, prng), source: pick(sources, prng) });
}

function powerCut(prng: Prng): Fault {
  const again = prng.fraction() < 0.5 ? prng.below(40) : -1;
  const once_more = again >= 0 && prng.fraction() < 0.5 ? prng.below(40) : -1;
  return { kind: 'power_cut', at: changeOf(prng), again, once_more, chance: prng.below(2 ** 32) };
}

function chooseFaults(swarm: Swarm, prng: Prng): readonly Fault[] {
  return swarm.filter(({ rate }) => prng.fraction() < rate).flatMap(({ make }) => make(prng));
}

/** An update makes some 150 changes to its disk, news without one some 40, and a look that finds nothing new some ten. */
const changeOf = (prng: Prng): number => prng.below(pick([12, 40, 80, 220, 220], prng));

const faultMakers: readonly FaultMaker[] = [
  ...netFaultKinds.map((how): FaultMaker => (how.startsWith('range_') ? withRange(how) : ofNet(how))),
  ...diskFaultKinds.map(
    (how): FaultMaker =>
      (prng) => ({
        kind: 'disk',
        how,
        from: how === 'read_error' ? prng.below(600) : changeOf(prng),
        count: prng.fraction() < 0.3 ? 1000 : 1 + prng.below(6),
      }),
  ),
  (prng) => ({
    kind: 'kill',
    at: changeOf(prng),
    again: prng.fraction() < 0.5 ? prng.below(20) : -1,
    chance: prng.below(2 ** 32),
  }),
  (prng) => ({ kind: 'stop', at: changeOf(prng) }),
  (prng) => ({ kind: 'clock_set', at: changeOf(prng), to_ms: pick(odd_times_ms, prng), stays: prng.fraction() < 0.5 }),
  (prng) => ({
    kind: 'clock_jump',
    at: changeOf(prng),
    by_s: Math.round((prng.fraction() - 0.5) * 2 * 10 ** (1 + prng.below(8))),
    stays: prng.fraction() < 0.5,
  }),
  (prng) => ({ kind: 'clock_drift', rate: pick([-0.5, -0.01, 0.01, 0.5, 3], prng), stays: prng.fraction() < 0.5 }),
];

function ofNet(how: NetFaultKind) {
  return (prng: Prng): Fault => ({
    kind: 'net',
    how,
    source: pick(sources, prng),
    subject: pick(subjects, prng),
    from: prng.fraction() < 0.5 ? 0 : prng.below(12),
    count: prng.fraction() < 0.3 ? 1000 : 1 + prng.below(3),
    chance: prng.below(2 ** 32),
  });
}

/** Only what broke off before is asked for by its range. */
function withRange(how: NetFaultKind): FaultMaker {
  const [breakOff, goOn] = [ofNet('reset'), ofNet(how)];
  return (prng) => [
    { ...goOn(prng), subject: 'artifacts', source: 'all', from: 0, count: 1000 },
    { ...breakOff(prng), subject: 'artifacts', from: 0 },
  ];
}

const odd_times_ms = [
  0,
  1_000,
  Date.UTC(2000, 0, 1),
  2 ** 31 * 1000 - 1000,
  2 ** 31 * 1000,
  2 ** 32 * 1000,
  Date.UTC(9000, 0, 1),
];

/** The releases that a vendor has published, or will have. */
type VendorState = { readonly line: readonly ProductRelease[]; count: number; isLookedAt: boolean };

function chooseAct(vendor: VendorState, prng: Prng): Act {
  const mirrored = prng.fraction() < 0.7;
  if (!vendor.isLookedAt && prng.fraction() < 0.6) {
    vendor.isLookedAt = true;
    return { kind: 'look' };
  }
  const dice = prng.below(100);
  if (dice < 26) return publish(vendor, prng, prng.fraction() < 0.6 ? 'well' : pick(healths, prng));
  if (dice < 28)
    return { kind: 'withdraw', back: prng.below(3), action: pick(['refuse', 'roll_back'], prng), mirrored };
  if (dice < 33) return { kind: 'replace_keys', role: pick(replaced_roles, prng), mirrored };
  if (dice < 37) return { kind: 'sign', mirrored };
  if (dice < 42) return { kind: 'wait', hours: pick([1, 6, 24, 100, 200, 1000], prng) };
  if (dice < 78) return { kind: 'look' };
  if (dice < 84) return { kind: 'live', hours: pick([1, 12, 48], prng) };
  if (dice < 90) return { kind: 'go_back', may_lose_writes: prng.fraction() < 0.5 };
  if (dice < 94) return { kind: 'approve' };
  return prng.fraction() < 0.5 ? { kind: 'use' } : { kind: 'restart' };
}

const replaced_roles = ['root', 'targets', 'snapshot', 'timestamp', 'stable', 'revocations'] as const;

function publish(vendor: VendorState, prng: Prng, health: ReleasePlan['health']): Act {
  const release = vendor.line[vendor.count];
  if (!release) return { kind: 'look' };
  vendor.count += 1;
  vendor.isLookedAt = false;
  return { kind: 'publish', release: { ...release, health }, mirrored: prng.fraction() < 0.7 };
}

type ProductRelease = Omit<ReleasePlan, 'health'>;

/** To build a release takes longer than to play a scenario, so there are not many different ones. */
const product_lines = 5;
const releases_max = 12;

function productLine(number: number): readonly ProductRelease[] {
  const prng = createPrng(number);
  const releases: ProductRelease[] = [];
  for (let counter = 1; counter <= releases_max; counter += 1) {
    const { migrations, one_way } = releases.at(-1) ?? { migrations: 0, one_way: [] };
    const hasNew = prng.fraction() < 0.5 && migrations < 9;
    const isOneWay = hasNew && prng.fraction() < 0.4;
    releases.push({
      version: `1.${counter}.0`,
      counter,
      migrations: hasNew ? migrations + 1 : migrations,
      one_way: isOneWay ? [...one_way, migrations + 1] : one_way,
      severity: prng.fraction() < 0.8 ? 'patch' : pick(['critical', 'feature'], prng),
      ballast_bytes: pick([0, 0, 40_000, 100_000], prng),
      foreign: prng.fraction() < 0.1,
    });
  }
  return releases;
}

function isVendors({ kind }: Act): boolean {
  return kind === 'publish' || kind === 'withdraw' || kind === 'replace_keys' || kind === 'sign' || kind === 'wait';
}

function pick<T>(choices: readonly [T, ...(readonly T[])] | readonly T[], prng: Prng): T {
  const chosen = choices[prng.below(choices.length)];
  if (chosen === undefined) throw new Error('there is nothing to pick from');
  return chosen;
}
