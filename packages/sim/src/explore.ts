/**
 * Crash exploration: one kind of work is cut at every disk operation; at each cut the machine boots on every state that the
 * disk may be in, recovers, and is cut again at every operation of that recovery, two deep.
 *
 * What is tried at a cut depends on the seed and on the state that was cut, not on what was tried before: the cuts can be
 * shared out among any number of workers, and together they find the same.
 */

import { digestOfText } from '@kedge/core/digest';
import { sha256 } from '@kedge/trust/os/sha256';
import { digestOfTree } from './disk/digest.ts';
import { copyOf } from './disk/model.ts';
import { afterFall, choicesIn, combinationsOf, fallsOf } from './disk/power-cut.ts';
import { type CutAt, type Explored, type Findings, keep, killed, noFindings, summary } from './explore-findings.ts';
import { createPrng, type Prng } from './prng.ts';
import { type Complaint, type Kind, type Power, quiet, type Subject } from './subject.ts';

/** One cut of the work, one of the recovery. */
const depth = 2;

export type ExploreLimits = {
  /** Of the states after one cut of the work; more than that are sampled. */
  readonly states_max: number;
  /** The same, of the recovery. */
  readonly states_again_max: number;
  /** Only every so many operations are cut: for a test that has little time. */
  readonly cut_every?: number;
  /** A disk whose fsync does nothing: the exploration must then find stranded devices. */
  readonly lies?: boolean;
};

/** A machine as it is just before one operation. */
export type Moment = { readonly subject: Subject; readonly at: string };

export type Exploration = {
  readonly kind: Kind;
  readonly seed: number;
  readonly limits: ExploreLimits;
  /** Just before each operation of the work. */
  readonly moments: readonly Moment[];
  /** States that a machine has booted on, with the fewest cuts that led there. */
  readonly booted: Map<string, number>;
  /** States in which it was tried whether all goes on. */
  readonly tried: Set<string>;
};

export async function openExploration(kind: Kind, seed: number, limits: ExploreLimits): Promise<Exploration> {
  const subject = await kind.prepare(seed);
  const { moments } = await live(subject, limits, (awake, power) => awake.work(power));
  return { kind, seed, limits, moments, booted: new Map(), tried: new Set() };
}

/** Cuts the work before the operations from one up to another. */
export async function exploreCuts(exploration: Exploration, from: number, until: number): Promise<Findings> {
  const findings = noFindings();
  const { moments, limits, kind, seed } = exploration;
  for (const [operation, moment] of moments.entries()) {
    if (operation < from || operation >= until || operation % (limits.cut_every ?? 1) !== 0) continue;
    await cutAt({ exploration, findings, before: [] }, moment, operation, `${seed} ${kind.name}`);
  }
  return findings;
}

/** All of it, in this process. */
export async function explore(kind: Kind, seed: number, limits: ExploreLimits): Promise<Explored> {
  const exploration = await openExploration(kind, seed, limits);
  const operations = exploration.moments.length;
  return summary(kind.name, operations, await exploreCuts(exploration, 0, operations));
}

type Path = { readonly exploration: Exploration; readonly findings: Findings; readonly before: readonly CutAt[] };

/** @param origin names the life that is cut */
async function cutAt(path: Path, moment: Moment, operation: number, origin: string): Promise<void> {
  const { exploration, findings, before } = path;
  const { limits } = exploration;
  const choices = choicesIn(moment.subject.system);
  const name = `${origin} ${operation}`;
  const falls = fallsOf(choices, before.length === 0 ? limits.states_max : limits.states_again_max, prngFor(name));
  if (combinationsOf(choices) > falls.length) findings.sampled_cuts.add(name);
  const witnessed = await moment.subject.seen();
  for (const fall of falls) {
    const subject = witnessed.fork(afterFall(moment.subject.system, choices, fall));
    await bootOn({ ...path, before: [...before, { operation, at: moment.at, fall }] }, subject, '');
  }
  // Without a power cut after it, a kill is the same as the cut that everything survives.
  if (before.length + 1 === depth) return;
  const subject = witnessed.fork(copyOf(moment.subject.system));
  await bootOn({ ...path, before: [...before, { operation, at: moment.at, fall: killed }] }, subject, name);
}

/** @param pending names what is not durable on that disk; empty after a power cut */
async function bootOn(path: Path, subject: Subject, pending: string): Promise<void> {
  const { exploration, findings, before: cuts } = path;
  const disk = digestOfTree(subject.system);
  const state = digestOfText(sha256, `${disk} ${subject.outside()} ${pending}`).slice(0, 24);
  const cuts_before = exploration.booted.get(state) ?? Infinity;
  if (cuts_before <= cuts.length) return;
  exploration.booted.set(state, cuts.length);
  if (pending === '') findings.crash_states.add(disk);
  findings.recoveries.add(state);
  const found = await recovery(subject, exploration.limits);
  for (const complaint of found.complaints) keep(findings, `${complaint.checker} ${state}`, { ...complaint, cuts });
  if (found.settled) await tryToGoOn(path, found.settled);
  if (cuts.length >= depth) return;
  const { cut_every = 1 } = exploration.limits;
  for (const [operation, moment] of found.moments.entries()) {
    if (operation % cut_every === 0) await cutAt(path, moment, operation, state);
  }
}

type Recovery = {
  readonly complaints: readonly Complaint[];
  /** Where it can be cut in its turn. */
  readonly moments: readonly Moment[];
  /** Undefined: it broke off. */
  readonly settled: Subject | undefined;
};

/** How others find the machine, and how it is once it has recovered. */
export async function recovery(
  subject: Subject,
  limits: Pick<ExploreLimits, 'lies'>,
  tell = quiet.tell,
): Promise<Recovery> {
  const asFound = await subject.asFound();
  try {
    const { awake, moments, touched, outcome } = await live(subject, limits, (it, power) => it.recover(power), tell);
    return { complaints: [...asFound, ...(await outcome(touched))], moments, settled: awake };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { complaints: [...asFound, { checker: 'recovery', problem }], moments: [], settled: undefined };
  }
}

async function tryToGoOn({ exploration, findings, before: cuts }: Path, settled: Subject): Promise<void> {
  const state = digestOfText(sha256, `${digestOfTree(settled.system)} ${settled.outside()}`).slice(0, 24);
  if (exploration.tried.has(state)) return;
  exploration.tried.add(state);
  const problem = await stuckOn(settled);
  if (problem !== undefined) keep(findings, `liveness ${state}`, { checker: 'liveness', problem, cuts });
}

export async function stuckOn(settled: Subject): Promise<string | undefined> {
  try {
    return await settled.fork(copyOf(settled.system)).stuck();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** One life on a copy, and what the power would leave just before each of its operations and after the last. */
export async function live<T>(
  subject: Subject,
  { lies = false }: Pick<ExploreLimits, 'lies'>,
  work: (awake: Subject, power: Power) => Promise<T>,
  tell = quiet.tell,
): Promise<{
  readonly awake: Subject;
  readonly moments: readonly Moment[];
  readonly touched: ReadonlySet<string>;
  readonly outcome: T;
}> {
  const awake = subject.fork(copyOf(subject.system));
  const moments: Moment[] = [];
  const touched = new Set<string>();
  const keepMoment = (at: string): void => {
    moments.push({ subject: awake.fork(copyOf(awake.system)), at });
  };
  const before = (operation: string, path: string): void => {
    tell(`${String(moments.length).padStart(4)} ${operation} ${path}`);
    keepMoment(`${operation} ${path}`);
    touched.add(path);
  };
  const outcome = await work(awake, { before, lies, tell });
  keepMoment('the end');
  return { awake, moments, touched, outcome };
}

function prngFor(name: string): Prng {
  return createPrng(Number.parseInt(digestOfText(sha256, name).slice(0, 8), 16));
}
