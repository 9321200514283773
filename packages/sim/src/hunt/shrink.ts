/** The least of a scenario that still goes wrong in the same way: steps, faults and details are taken out, one try each. */

import type { Scenario, Step } from './scenario.ts';

/** @param isWrong whether the same checker complains of this one too */
export async function shrink(
  scenario: Scenario,
  isWrong: (scenario: Scenario) => Promise<boolean>,
  tries_max: number,
): Promise<Scenario> {
  let least = scenario;
  let tries = 0;

  async function attempt(smaller: Scenario): Promise<boolean> {
    if (tries >= tries_max) return false;
    tries += 1;
    if (!(await isWrong(smaller))) return false;
    least = smaller;
    return true;
  }

  for (let before: Scenario | undefined; before !== least; ) {
    before = least;
    for (let size = Math.ceil(least.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = least.steps.length - size; at >= 0; at -= size) await attempt(withoutSteps(least, at, size));
    }
    for (let at = least.steps.length - 1; at >= 0; at -= 1) {
      for (let simpler = simplerSteps(least.steps[at]); simpler.length > 0; ) {
        const [next, ...rest] = simpler;
        const isDone = next !== undefined && (await attempt(withStep(least, at, next)));
        simpler = isDone ? simplerSteps(least.steps[at]) : rest;
      }
    }
  }
  return least;
}

function withoutSteps({ seed, steps }: Scenario, at: number, count: number): Scenario {
  return { seed, steps: [...steps.slice(0, at), ...steps.slice(at + count)] };
}

function withStep({ seed, steps }: Scenario, at: number, step: Step): Scenario {
  return { seed, steps: steps.map((old, index) => (index === at ? step : old)) };
}

/** Each is one detail less. */
function simplerSteps(step: Step | undefined): readonly Step[] {
  if (!step) return [];
  const { act, faults } = step;
  const simpler: Step[] = faults.map((fault) => ({ act, faults: faults.filter((other) => other !== fault) }));
  for (const fault of faults) {
    if ((fault.kind !== 'power_cut' && fault.kind !== 'kill') || fault.again < 0) continue;
    const isThird = fault.kind === 'power_cut' && fault.once_more >= 0;
    const once = { ...fault, ...(isThird ? { once_more: -1 } : { again: -1 }) };
    simpler.push({ act, faults: faults.map((other) => (other === fault ? once : other)) });
  }
  if (act.kind === 'publish') {
    const { release } = act;
    if (release.health !== 'well') simpler.push({ act: { ...act, release: { ...release, health: 'well' } }, faults });
    if (!act.mirrored) simpler.push({ act: { ...act, mirrored: true }, faults });
  }
  if (act.kind === 'live') simpler.push({ act: { kind: 'look' }, faults });
  return simpler;
}
