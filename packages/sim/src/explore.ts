/**
 * Crash exploration: one kind of update is cut at every disk operation; at each cut the device boots on every state that the
 * disk may be in, recovers, and is cut again at every operation of that recovery, two deep.
 */

import { createAgent } from '@kedge/agent/agent';
import type { Device } from '@kedge/agent/device';
import { digestOfText } from '@kedge/core/digest';
import { sha256 } from '@kedge/trust/os/sha256';
import { dataHistory } from './checkers/data-history.ts';
import { insideRoots } from './checkers/inside-roots.ts';
import { journalSettled } from './checkers/journal-settled.ts';
import { liveRelease } from './checkers/live-release.ts';
import { copyOf, describe, type FileSystem } from './disk/model.ts';
import { crashStates } from './disk/power-cut.ts';
import { createPrng, type Prng } from './prng.ts';
import type { History } from './simulated-app.ts';
import { bootDevice } from './simulated-device.ts';
import { rescue, type Start, start_ms, startOf, type UpdateKind } from './update-kinds.ts';

/** One cut of the update, one of the recovery. */
const depth = 2;

const checkers = { liveRelease, dataHistory, journalSettled, insideRoots };

export type Violation = {
  readonly kind: string;
  readonly checker: string;
  readonly problem: string;
  /** The operations at which the power went, first to last. */
  readonly cuts: readonly string[];
  readonly seed: number;
};

export type Explored = {
  readonly kind: string;
  readonly operations: number;
  /** Distinct states that a device booted on. */
  readonly crash_states: number;
  /** Cuts after which not every legal state was tried, only a sample. */
  readonly sampled_cuts: number;
  readonly violations: readonly Violation[];
};

export type ExploreLimits = {
  /** Of the states after one cut of the update; more than that are sampled. */
  readonly states_max: number;
  /** The same, of the recovery. */
  readonly states_again_max: number;
  /** A disk whose fsync does nothing: the exploration must then find stranded devices. */
  readonly lies?: boolean;
};

/** A device as the power would leave it just before one operation. */
type Cut = { readonly system: FileSystem; readonly history: History; readonly at: string };

type Exploration = {
  readonly kind: UpdateKind;
  readonly start: Start;
  readonly seed: number;
  readonly prng: Prng;
  readonly limits: ExploreLimits;
  /** States that a device has booted on, and states that one has settled in. */
  readonly booted: Set<string>;
  readonly settled: Set<string>;
  readonly violations: Violation[];
  sampled_cuts: number;
};

export async function explore(kind: UpdateKind, seed: number, limits: ExploreLimits): Promise<Explored> {
  const start = await startOf(kind, seed);
  const exploration: Exploration = {
    kind,
    start,
    seed,
    prng: createPrng(seed),
    limits,
    booted: new Set(),
    settled: new Set(),
    violations: [],
    sampled_cuts: 0,
  };
  const { cuts } = await run(exploration, start.system, start.history, kind.act);
  for (const cut of cuts) await bootAfter(exploration, cut, []);
  const { booted, sampled_cuts, violations } = exploration;
  return { kind: kind.name, operations: cuts.length, crash_states: booted.size, sampled_cuts, violations };
}

type Ran = {
  readonly device: Device;
  readonly system: FileSystem;
  readonly history: History;
  readonly cuts: readonly Cut[];
};

/** Does the work on a copy, and keeps what a power cut before each of its operations would leave. */
async function run(
  { kind, start, seed, limits }: Exploration,
  from: FileSystem,
  past: History,
  work: (device: Device) => Promise<unknown>,
): Promise<Ran> {
  const [system, history] = [copyOf(from), copyOfHistory(past)];
  const cuts: Cut[] = [];
  const before = (operation: string, path: string): void => {
    cuts.push({ system: copyOf(system), history: copyOfHistory(history), at: `${operation} ${path}` });
  };
  const { repository } = start;
  // The same chance in every boot: states that differ only in a name made by chance would all be tried.
  const prng = createPrng(seed + from.next_node);
  const { lies = false } = limits;
  const { device } = await bootDevice({ system, repository, history, ill: kind.ill, start_ms, prng, before, lies });
  await work(device);
  return { device, system, history, cuts };
}

async function bootAfter(exploration: Exploration, cut: Cut, before: readonly string[]): Promise<void> {
  const { limits, booted, prng } = exploration;
  const states_max = before.length === 0 ? limits.states_max : limits.states_again_max;
  const { states, combinations } = crashStates(cut.system, states_max, prng);
  if (combinations > states.length) exploration.sampled_cuts += 1;
  const trail = [...before, cut.at];
  for (const state of states) {
    const known = digestOfText(sha256, `${describe(state)}\n${describeHistory(cut.history)}`);
    if (booted.has(known)) continue;
    booted.add(known);
    const cuts = await recover(exploration, state, cut.history, trail);
    if (trail.length < depth) for (const again of cuts) await bootAfter(exploration, again, trail);
  }
}

/** Boots, recovers, and looks whether all is well. Returns where the recovery can be cut in its turn. */
async function recover(
  exploration: Exploration,
  state: FileSystem,
  past: History,
  trail: readonly string[],
): Promise<readonly Cut[]> {
  const { kind, start, seed, settled, violations } = exploration;
  const report = (checker: string, problem: string) =>
    violations.push({ kind: kind.name, checker, problem, cuts: trail, seed });
  try {
    const ran = await run(exploration, state, past, (device) => createAgent(device).recover());
    const { device, system, history, cuts } = ran;
    const touched = new Set(cuts.map(({ at }) => at.slice(at.indexOf(' ') + 1)));
    const recovered = { device, history, legal: kind.legal, migrations: start.migrations, touched };
    for (const [name, check] of Object.entries(checkers)) {
      const problem = await check(recovered);
      if (problem !== undefined) report(name, problem);
    }
    const end = digestOfText(sha256, describe(system));
    if (!settled.has(end)) {
      settled.add(end);
      const problem = await findStuck(exploration, system, history);
      if (problem !== undefined) report('liveness', problem);
    }
    return cuts;
  } catch (error) {
    report('recovery', error instanceof Error ? error.message : String(error));
    return [];
  }
}

/** Once the faults stop, the next good release installs. */
async function findStuck(exploration: Exploration, system: FileSystem, history: History): Promise<string | undefined> {
  const { start } = exploration;
  const next = { ...exploration, start: { ...start, repository: start.later } };
  let problem: string | undefined;
  await run(next, system, history, async (device) => {
    const report = await createAgent(device).check({ kind: 'asked', wanted: null });
    if (report.kind === 'updated' && report.to === rescue.version) return;
    problem = `${rescue.version} does not install: ${report.kind} ${report.reasons.join(' ')}`;
  });
  return problem;
}

function copyOfHistory({ promised, uncertain, violations }: History): History {
  return { promised: [...promised], uncertain: new Set(uncertain), violations: [...violations] };
}

function describeHistory({ promised, uncertain }: History): string {
  return [...promised.map(({ text, at_ms }) => `${text} ${at_ms}`), ...uncertain].join('\n');
}
