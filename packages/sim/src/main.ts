/** `./kedge sim`: the production code in a made-up world, to look for the power cut that strands a device. */

import { parseArgs } from 'node:util';
import { explore } from './explore.ts';
import { updateKinds } from './update-kinds.ts';

const usage = `usage: kedge sim --explore [--json] [--seed N] [--kind NAME] [--states N]

Cuts every kind of update at every disk operation, boots on every state that the disk may be in, and cuts again in the
recovery. Ends with exit code 1 and the cuts when a device is stranded.
  --seed N    chooses among states where there are more than are tried (1)
  --kind NAME only this one
  --states N  tried after each cut of the update (24); half of that in the recovery`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      explore: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
      seed: { type: 'string', default: '1' },
      kind: { type: 'string' },
      states: { type: 'string', default: '24' },
    },
  });
  if (values.help || !values.explore) {
    console.log(usage);
    return values.help ? 0 : 2;
  }
  const states_max = Number(values.states);
  const kinds = updateKinds.filter(({ name }) => values.kind === undefined || name === values.kind);
  const totals = { crash_states: 0, violations: 0 };
  for (const kind of kinds) {
    const began_ms = performance.now();
    const limits = { states_max, states_again_max: Math.ceil(states_max / 2) };
    const explored = await explore(kind, Number(values.seed), limits);
    totals.crash_states += explored.crash_states;
    totals.violations += explored.violations.length;
    if (!values.json) {
      const seconds = ((performance.now() - began_ms) / 1000).toFixed(1);
      const { operations, crash_states, sampled_cuts, violations } = explored;
      console.log(
        `${kind.name.padEnd(26)} ${String(operations).padStart(4)} operations ${String(crash_states).padStart(7)} crash states ` +
          `${String(sampled_cuts).padStart(6)} cuts sampled ${String(violations.length).padStart(4)} violations ${seconds.padStart(6)} s`,
      );
      for (const { checker, problem, cuts } of explored.violations.slice(0, 5)) {
        console.log(`  ${checker}: ${problem}\n    cut at ${cuts.join(', then at ')}`);
      }
    }
  }
  console.log(JSON.stringify({ ...totals, seed: Number(values.seed) }));
  return totals.violations === 0 ? 0 : 1;
}
