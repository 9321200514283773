/** What must hold whenever nothing is under way: each checker is asked. */

import type { Recovered } from '../checkers/checker.ts';
import { dataHistory } from '../checkers/data-history.ts';
import { insideRoots } from '../checkers/inside-roots.ts';
import { journalSettled } from '../checkers/journal-settled.ts';
import { liveRelease } from '../checkers/live-release.ts';
import { vendorOnly } from '../checkers/vendor-only.ts';
import type { ReleasePlan } from './scenario.ts';
import type { Complaint } from './witness.ts';
import type { World } from './world.ts';

const ofTheSettled = { journalSettled, liveRelease, dataHistory };

export async function findComplaint(world: World): Promise<Complaint | undefined> {
  const { machine, witness, trust, unsettled, volatile } = world;
  await witness.settle();
  const [complaint] = witness.complaints;
  if (complaint || !machine) return complaint;
  const { device } = machine;
  const recovered = recoveredOf(world, machine.device);
  const asked: readonly (readonly [string, () => Promise<string | undefined>])[] = [
    ['insideRoots', () => insideRoots(recovered)],
    ['trustMonotonic', () => trust.look(device, !unsettled && !volatile)],
    ['vendorOnly', () => vendorOnly(device, published(world))],
    ...(unsettled ? [] : Object.entries(ofTheSettled).map(([name, check]) => [name, () => check(recovered)] as const)),
  ];
  for (const [checker, ask] of asked) {
    const problem = await ask();
    if (problem !== undefined) return { checker, problem };
  }
  return undefined;
}

function recoveredOf({ history, witness, touched, vendor }: World, device: Recovered['device']): Recovered {
  return {
    device,
    history,
    legal: [witness.expected()],
    migrations: new Map(vendor.published.map(({ plan }) => [plan.version, migrationIds(plan)])),
    given_up: witness.given_up(),
    touched,
  };
}

function migrationIds({ migrations }: ReleasePlan): readonly string[] {
  return Array.from({ length: migrations }, (_, index) => `000${index + 1}_step`);
}

function published({ vendor }: World): ReadonlyMap<string, string> {
  return new Map(vendor.published.map(({ plan, manifest_sha256 }) => [plan.version, manifest_sha256]));
}
