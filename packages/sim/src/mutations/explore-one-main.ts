/** The detector of `explore`: cuts one kind of work everywhere until something is wrong, and prints that as a finding. */

import { exploreCuts, openExploration } from '../explore.ts';
import { kinds } from '../explore-kinds.ts';
import { type Finding, findingOf } from './finding.ts';

/** Cuts far apart find more, sooner, than cuts side by side. */
const stride = 8;

const [name, states_max] = process.argv.slice(2);
const finding = exploreOne(name, Number(states_max)).catch((error: unknown) => findingOf([String(error)]));
console.log(JSON.stringify(await finding));

async function exploreOne(name: string | undefined, states_max: number): Promise<Finding> {
  const kind = kinds.find((candidate) => candidate.name === name);
  if (!kind) return { kind: 'undecided', problem: `there is no kind of work "${name}"` };
  const exploration = await openExploration(kind, 1, { states_max, states_again_max: 1 });
  for (let first = 0; first < stride; first += 1) {
    for (let operation = first; operation < exploration.moments.length; operation += stride) {
      const [violation] = (await exploreCuts(exploration, operation, operation + 1)).violations.values();
      if (!violation) continue;
      const { checker, problem, cuts } = violation;
      return findingOf([`${checker}: ${problem}; cut at ${cuts.map(({ at }) => at).join(', ')}`]);
    }
  }
  return { kind: 'silent' };
}
