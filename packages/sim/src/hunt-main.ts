/** `./kedge sim --minutes M` hunts with random faults; `--seed N` alone plays one history of it again. */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type CommandIo, readArgs, UsageError } from '@kedge/cli/command';
import { parseJson } from '@kedge/core/parse';
import { generate } from './hunt/generate.ts';
import { type Hunted, huntSeed, type Wrong } from './hunt/hunt.ts';
import { openKit } from './hunt/kit.ts';
import { play } from './hunt/play.ts';
import { scenario } from './hunt/scenario.ts';

const options = {
  minutes: { type: 'string' },
  seed: { type: 'string' },
  scenario: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

const told_every_ms = 30_000;
/** Of each hunt that is given no seed, so that no two of them look at the same ones. */
const seeds_max = 2 ** 31;

export async function hunt(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = readArgs(args, options, 0);
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new UsageError('--minutes takes a number above 0');
  const seed = values.seed === undefined ? Date.now() % seeds_max : wholeNumber(values.seed);
  const tally = createTally();
  const began_ms = performance.now();
  const seconds = () => (performance.now() - began_ms) / 1000;
  const say = (line: string) => (values.json ? undefined : io.out(line));
  say(`hunting for ${minutes} min from seed ${seed} on`);
  const telling = setInterval(() => say(tally.line(seconds())), told_every_ms);
  await huntOnAllCores(seed, minutes * 60_000, io.signal, (hunted) => {
    tally.add(hunted);
    if (hunted.wrong) for (const line of tell(hunted.wrong)) say(line);
  });
  clearInterval(telling);
  say(tally.line(seconds()));
  if (values.json) io.out(JSON.stringify({ ...tally.totals(seconds()), minutes, seed }));
  return tally.violations() === 0 ? 0 : 1;
}

export async function replay(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = readArgs(args, options, 0);
  const kit = await openKit();
  const names = kit.attacks.map(({ name }) => name);
  const played = await play(
    kit,
    values.scenario === undefined
      ? generate(wholeNumber(values.seed ?? ''), names)
      : parseJson(scenario, readFileSync(values.scenario, 'utf8'), values.scenario),
  );
  for (const line of played.trace) io.out(line);
  io.out(`trace ${played.digest}`);
  if (!played.violation) return 0;
  if (values.scenario === undefined) {
    const { wrong } = await huntSeed(kit, wholeNumber(values.seed ?? ''));
    if (wrong) for (const line of tell(wrong)) io.out(line);
  }
  return 1;
}

/** Resolves when the time is over; a thread that breaks is a bug and ends the hunt. */
async function huntOnAllCores(
  seed: number,
  duration_ms: number,
  signal: AbortSignal,
  onHunted: (hunted: Hunted) => void,
): Promise<void> {
  const every = availableParallelism();
  const over = Promise.withResolvers<void>();
  const workers = Array.from({ length: every }, (_, index) => {
    const worker = new Worker(new URL('./hunt/worker-main.ts', import.meta.url), {
      workerData: { first: seed + index, every },
    });
    worker.on('message', onHunted);
    worker.on('error', over.reject);
    return worker;
  });
  const timer = setTimeout(over.resolve, duration_ms);
  signal.addEventListener('abort', () => over.resolve(), { once: true });
  try {
    await over.promise;
  } finally {
    clearTimeout(timer);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function createTally() {
  const faults = new Map<string, number>();
  let [seeds, updates, violations] = [0, 0, 0];
  return {
    add(hunted: Hunted): void {
      seeds += 1;
      updates += hunted.updates;
      violations += hunted.wrong ? 1 : 0;
      for (const [name, count] of Object.entries(hunted.faults)) faults.set(name, (faults.get(name) ?? 0) + count);
    },
    violations: () => violations,
    line(seconds: number): string {
      const struck = [...faults].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`);
      return (
        `${seconds.toFixed(0)} s: ${seeds} seeds, ${updates} updates, ${(updates / seconds).toFixed(1)} a second, ` +
        `${violations} violations; faults: ${struck.join(', ')}`
      );
    },
    totals(seconds: number) {
      const updates_per_s = Math.round((10 * updates) / seconds) / 10;
      return { seeds, updates, updates_per_s, violations, faults: Object.fromEntries(faults) };
    },
  };
}

function tell({ seed, checker, problem, least, trace }: Wrong): readonly string[] {
  return [
    `VIOLATION of ${checker} with seed ${seed}: ${problem}`,
    ...trace.map((line) => `  ${line}`),
    JSON.stringify(least),
  ];
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0 || text === '')
    throw new UsageError(`${text} is not a seed: a whole number`);
  return number;
}
