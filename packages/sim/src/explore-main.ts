/** `./kedge sim --explore`: everything that devices and vendors do is cut at every disk operation. */

import { type CommandIo, readArgs, UsageError } from '@kedge/cli/command';
import { writeAtomic } from '@kedge/trust/atomic-file';
import type { ExploreLimits } from './explore.ts';
import type { Explored, Violation } from './explore-findings.ts';
import { kinds } from './explore-kinds.ts';
import { cutText, parseCuts, replay, shrink } from './explore-replay.ts';
import { exploreOnAllCores } from './os/explorers.ts';
import { rememberSignatures } from './os/remembered-signatures.ts';
import { powerSafety } from './power-safety.ts';
import type { Kind } from './subject.ts';

const options = {
  explore: { type: 'boolean' },
  json: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  kind: { type: 'string' },
  states: { type: 'string', default: '6' },
  cut: { type: 'string' },
  lies: { type: 'boolean', default: false },
  'write-docs': { type: 'boolean', default: false },
} as const;

const shown_max = 5;

export async function explore(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = readArgs(args, options, 0);
  const [seed, states_max] = [wholeNumber('--seed', values.seed), wholeNumber('--states', values.states)];
  const chosen = kinds.filter(({ name }) => values.kind === undefined || name === values.kind);
  if (chosen.length === 0) {
    throw new UsageError(`the kind must be one of ${kinds.map(({ name }) => `"${name}"`).join(', ')}`);
  }
  rememberSignatures();
  const { lies } = values;
  if (values.cut !== undefined) return replayOne(chosen, seed, values.cut, lies, io);
  const limits: ExploreLimits = { states_max, states_again_max: Math.max(1, Math.ceil(states_max / 3)), lies };
  const began_ms = performance.now();
  const names = chosen.map(({ name }) => name);
  const found = await exploreOnAllCores(names, seed, limits, (each) => values.json || io.out(lineOf(each)), io.signal);
  const seconds = Math.round((performance.now() - began_ms) / 100) / 10;
  const totals = {
    crash_states: found.crash_states,
    violations: sum(found.kinds, ({ violations }) => violations.length),
    recoveries: sum(found.kinds, ({ recoveries }) => recoveries),
    operations: sum(found.kinds, ({ operations }) => operations),
    sampled_cuts: sum(found.kinds, ({ sampled_cuts }) => sampled_cuts),
    seed,
  };
  if (!values.json) {
    for (const kind of chosen) await showViolations(kind, seed, lies, found.kinds, io);
    io.out(`${lineOf({ kind: 'all together', ...totals })} ${seconds} s`);
  }
  if (values['write-docs']) {
    if (chosen.length < kinds.length) throw new UsageError('--write-docs needs all kinds');
    const path = new URL('../../../docs/power-safety.md', import.meta.url).pathname;
    await writeAtomic(io.ports.disk, path, new TextEncoder().encode(powerSafety(found.kinds, totals, limits)));
  }
  if (values.json) io.out(JSON.stringify({ ...totals, seconds, kinds: found.kinds.map(rowOf) }));
  return totals.violations === 0 ? 0 : 1;
}

async function replayOne(
  chosen: readonly Kind[],
  seed: number,
  text: string,
  lies: boolean,
  io: CommandIo,
): Promise<number> {
  const cuts = parseCuts(text);
  const [kind, other] = chosen;
  if (!kind || other || !cuts) throw new UsageError('--cut needs a --kind, and cuts in the form 12/0110,3/01');
  const { complaints } = await replay(await kind.prepare(seed), cuts, { lies, tell: io.out });
  if (complaints.length === 0) io.out('Nothing is wrong.');
  return complaints.length === 0 ? 0 : 1;
}

/** One of each sort, as short as it could be made, with the command that plays it again. */
async function showViolations(
  kind: Kind,
  seed: number,
  lies: boolean,
  found: readonly Explored[],
  io: CommandIo,
): Promise<void> {
  const { violations = [] } = found.find((each) => each.kind === kind.name) ?? {};
  const sorts = new Map<string, Violation>();
  for (const violation of violations) {
    const sort = `${violation.checker} ${violation.problem}`;
    if (!sorts.has(sort)) sorts.set(sort, violation);
  }
  for (const violation of [...sorts.values()].slice(0, shown_max)) {
    const { checker, problem, cuts } = await shrink(kind, seed, violation, lies);
    io.out(`${kind.name}: ${checker}: ${problem}`);
    io.out(`  the power goes at ${cuts.map(({ at }) => at).join(', then at ')}`);
    io.out(
      `  ./kedge sim --explore --seed ${seed} --kind '${kind.name}' --cut ${cutText(cuts)}${lies ? ' --lies' : ''}`,
    );
  }
}

function lineOf(row: {
  readonly kind: string;
  readonly operations: number;
  readonly crash_states: number;
  readonly recoveries: number;
  readonly sampled_cuts: number;
  readonly violations: number | readonly Violation[];
}): string {
  const violations = typeof row.violations === 'number' ? row.violations : row.violations.length;
  const numbers = [
    [row.operations, 5, 'operations'],
    [row.crash_states, 7, 'crash states'],
    [row.recoveries, 7, 'recoveries'],
    [row.sampled_cuts, 7, 'cuts sampled'],
    [violations, 5, 'violations'],
  ] as const;
  return `${row.kind.padEnd(26)}${numbers.map(([count, width, of]) => `${String(count).padStart(width)} ${of}`).join('')}`;
}

function rowOf({ kind, operations, crash_states, recoveries, sampled_cuts, violations }: Explored) {
  return { kind, operations, crash_states, recoveries, sampled_cuts, violations: violations.length };
}

function sum(explored: readonly Explored[], of: (one: Explored) => number): number {
  return explored.reduce((total, one) => total + of(one), 0);
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${option} must be a whole number, and not "${text}"`);
  return Number(text);
}
