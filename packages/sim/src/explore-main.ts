/** `./kedge sim --explore`: every kind of update is cut at every disk operation. */

import { type CommandIo, readArgs, UsageError } from '@kedge/cli/command';
import { explore as exploreKind } from './explore.ts';
import { updateKinds } from './update-kinds.ts';

const options = {
  explore: { type: 'boolean' },
  json: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  kind: { type: 'string' },
  states: { type: 'string', default: '24' },
} as const;

export async function explore(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = readArgs(args, options, 0);
  const kinds = updateKinds.filter(({ name }) => values.kind === undefined || name === values.kind);
  if (kinds.length === 0)
    throw new UsageError(`the kind must be one of ${updateKinds.map(({ name }) => name).join(', ')}`);
  const [seed, states_max] = [Number(values.seed), Number(values.states)];
  const totals = { crash_states: 0, violations: 0 };
  for (const kind of kinds) {
    const began_ms = performance.now();
    const explored = await exploreKind(kind, seed, { states_max, states_again_max: Math.ceil(states_max / 2) });
    totals.crash_states += explored.crash_states;
    totals.violations += explored.violations.length;
    if (values.json) continue;
    const seconds = ((performance.now() - began_ms) / 1000).toFixed(1);
    const { operations, crash_states, sampled_cuts, violations } = explored;
    io.out(
      `${kind.name.padEnd(26)} ${String(operations).padStart(4)} operations ${String(crash_states).padStart(7)} crash states ` +
        `${String(sampled_cuts).padStart(6)} cuts sampled ${String(violations.length).padStart(4)} violations ${seconds.padStart(6)} s`,
    );
    for (const { checker, problem, cuts } of violations.slice(0, 5)) {
      io.out(`  ${checker}: ${problem}\n    cut at ${cuts.join(', then at ')}`);
    }
  }
  io.out(JSON.stringify({ ...totals, seed }));
  return totals.violations === 0 ? 0 : 1;
}
