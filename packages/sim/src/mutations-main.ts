/** `./kedge sim --mutations`: is each mistake that somebody could make found by one of our own tests? */

import { availableParallelism } from 'node:os';
import { type CommandIo, readArgs, UsageError } from '@kedge/cli/command';
import { copySources } from './mutations/os/sources-copy.ts';
import { type Row, runMutations } from './mutations/run-mutations.ts';
import { mutations } from './mutations/table.ts';

const options = {
  mutations: { type: 'boolean' },
  json: { type: 'boolean', default: false },
  only: { type: 'string' },
} as const;

const at_once_max = 2;

export async function testTheTests(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = readArgs(args, options, 0);
  const chosen = mutations.filter(({ name }) => values.only === undefined || name.includes(values.only));
  if (chosen.length === 0) throw new UsageError(`no mutation has "${values.only}" in its name`);
  const { signal } = io;
  const began_ms = performance.now();
  const at_once = Math.min(at_once_max, availableParallelism());
  const copies = await Promise.all(Array.from({ length: at_once }, () => copySources(signal)));
  try {
    if (!values.json)
      io.out(`${chosen.length} mutations; first of all, their detectors must be silent on the sources as they are`);
    const benches = copies.map(({ workbench }) => workbench);
    const rows = await runMutations(chosen, benches, (row) => {
      if (!values.json) io.out(lineOf(row));
    });
    const count = (kind: Row['kind']) => rows.filter((row) => row.kind === kind).length;
    const [caught, missed, stale] = [count('caught'), count('missed'), count('stale')];
    const seconds = Math.round((performance.now() - began_ms) / 1000);
    io.out(JSON.stringify({ caught, missed, stale, seconds, ...(values.json ? { rows } : {}) }));
    return caught === rows.length ? 0 : 1;
  } finally {
    await Promise.all(copies.map(({ remove }) => remove()));
  }
}

function lineOf(row: Row): string {
  const said = row.kind === 'caught' ? row.complaint : row.problem;
  return `${row.kind.padEnd(6)} ${row.mutation}\n         ${row.detector}: ${said}`;
}
