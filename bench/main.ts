/** `kedge bench`: measures what updates cost the app, and what the agent costs the device. Results are kept. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandIo, readArgs, runCommand, UsageError } from '../packages/cli/src/command.ts';
import { measureDowntime } from './downtime.ts';
import { measureIdle } from './idle.ts';

const usage = `kedge bench downtime|idle [--json] [--seconds N]
  downtime     what an update of the recorder costs its clients, beside a bare restart of it
  idle         memory and processor time of the bundled agent with nothing to do
  --json       the result alone, as one line
  --seconds N  of idling; 60 by default
The result is kept in bench/results.`;

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean', default: false },
  seconds: { type: 'string', default: '60' },
} as const;

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values, positionals } = readArgs(args, options, 1);
    const [name = ''] = positionals;
    const duration_ms = Number(values.seconds) * 1000;
    if (!(duration_ms > 0)) throw new UsageError(`${values.seconds} is no number of seconds`);
    const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
    try {
      const measured = await measure(io, name, folder, duration_ms);
      const result = { bench: name, ...surroundings(io), ...measured.result };
      await keep(name, result);
      if (!values.json) for (const line of measured.table) io.out(line);
      io.out(JSON.stringify(result));
      return measured.problem === undefined ? 0 : fail(io, measured.problem);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

export type Measured = {
  /** As it is kept. */
  readonly result: object;
  readonly table: readonly string[];
  /** A bound that was missed. */
  readonly problem: string | undefined;
};

function measure(io: CommandIo, name: string, folder: string, duration_ms: number): Promise<Measured> {
  if (name === 'downtime') return measureDowntime(io, folder);
  if (name === 'idle') return measureIdle(io, folder, duration_ms);
  throw new UsageError(name === '' ? 'name a bench: downtime or idle' : `there is no bench ${name}`);
}

/** What a later result must share with this one to be compared with it. */
function surroundings({ ports }: CommandIo) {
  return {
    date: new Date(ports.clock.now_ms()).toISOString(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cpu_count: availableParallelism(),
  };
}

async function keep(name: string, result: object): Promise<void> {
  const folder = join(import.meta.dirname, 'results');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

function fail(io: CommandIo, problem: string): number {
  io.err(problem);
  return 1;
}
