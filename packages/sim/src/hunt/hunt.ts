/** Seed after seed: each is played, and what goes wrong is made as small as it gets. */

import { generate } from './generate.ts';
import { type Kit, type Played, play } from './play.ts';
import type { Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';

export type Wrong = {
  readonly seed: number;
  readonly checker: string;
  readonly problem: string;
  /** The least scenario that was found to go wrong in the same way, and its trace. */
  readonly least: Scenario;
  readonly trace: readonly string[];
};

export type Hunted = {
  readonly seed: number;
  readonly updates: number;
  readonly faults: { readonly [name: string]: number };
  readonly wrong: Wrong | undefined;
};

export async function huntSeed(kit: Kit, seed: number, shrink_tries_max = 300): Promise<Hunted> {
  const scenario = generate(seed, namesOf(kit));
  const played = await play(kit, scenario);
  const wrong = played.violation && (await explain(kit, scenario, played.violation.checker, shrink_tries_max));
  return { seed, updates: played.updates, faults: Object.fromEntries(played.faults), wrong };
}

async function explain(
  kit: Kit,
  scenario: Scenario,
  checker: string,
  shrink_tries_max: number,
): Promise<Wrong | undefined> {
  const isWrong = async (smaller: Scenario) => (await play(kit, smaller)).violation?.checker === checker;
  const least = await shrink(scenario, isWrong, shrink_tries_max);
  const { violation, trace } = await play(kit, least);
  return violation && { seed: scenario.seed, ...violation, least, trace };
}

export async function replaySeed(kit: Kit, seed: number): Promise<Played> {
  return play(kit, generate(seed, namesOf(kit)));
}

function namesOf({ attacks }: Kit): readonly string[] {
  return attacks.map(({ name }) => name);
}
