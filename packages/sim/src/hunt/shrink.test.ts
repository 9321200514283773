import { expect, test } from 'vitest';
import type { Fault } from '../faults/fault.ts';
import type { Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';

const cut: Fault = { kind: 'power_cut', at: 3, again: 5, once_more: 7, chance: 1 };
const kill: Fault = { kind: 'kill', at: 1, again: -1, chance: 1 };
const look = { kind: 'look' } as const;
const scenario: Scenario = {
  seed: 1,
  steps: [
    { act: look, faults: [kill] },
    { act: { kind: 'use' }, faults: [] },
    { act: { kind: 'live', hours: 3 }, faults: [kill, cut] },
    ...Array.from({ length: 9 }, () => ({ act: look, faults: [kill] })),
  ],
};

const hasCutAfterUse = async ({ steps }: Scenario): Promise<boolean> => {
  const use = steps.findIndex(({ act }) => act.kind === 'use');
  return use >= 0 && steps.slice(use).some(({ faults }) => faults.some(({ kind }) => kind === 'power_cut'));
};

test('what is left is only what it takes to go wrong', async () => {
  const least = await shrink(scenario, hasCutAfterUse, 1_000);
  expect(least.steps).toEqual([
    { act: { kind: 'use' }, faults: [] },
    { act: look, faults: [{ ...cut, again: -1, once_more: -1 }] },
  ]);
});

test('after so many tries it is left as it is', async () => {
  let tries = 0;
  const least = await shrink(
    scenario,
    (smaller) => {
      tries += 1;
      return hasCutAfterUse(smaller);
    },
    5,
  );
  expect(tries).toBe(5);
  expect(await hasCutAfterUse(least)).toBe(true);
});
