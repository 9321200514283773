/**
 * Once the faults stop, a device gets on: to the newest release that is good for it, and then to the next good one that
 * comes. A person gives his word where the policy wants it; nobody repairs anything.
 */

import { approve } from '@kedge/agent/requests';
import type { Role } from '@kedge/trust/roles';
import { arm, running } from './device-life.ts';
import { goodHealths, type ReleasePlan } from './scenario.ts';
import { replaceKeys } from './vendor.ts';
import type { Complaint } from './witness.ts';
import { setClockRight, vendorWorks, type World } from './world.ts';

const hour_ms = 3_600_000;

/** @param stolen roles whose keys the vendor has to replace */
export async function findStuck(world: World, stolen: ReadonlySet<Role>): Promise<Complaint | undefined> {
  const { vendor, trace } = world;
  trace.line('calm');
  setClockRight(world);
  for (const role of stolen) await replaceKeys(vendor, role);
  await vendorWorks(world, { kind: 'sign', mirrored: true }, true);
  world.unsettled = false;
  // Each release that is ill is tried, and left for the next one.
  const told = await lookOften(world, vendor.published.length + 2);
  const [wanted, has] = [newestGood(world), world.witness.expected()];
  const counter = vendor.published.find(({ plan }) => plan.version === has)?.plan.counter ?? 0;
  if (wanted && wanted.counter > counter) return stuck(wanted, told);

  const rescue = rescueAfter(vendor.published.at(-1)?.plan);
  await vendorWorks(world, { kind: 'publish', release: rescue, mirrored: true }, true);
  const toldThen = await lookOften(world, 3);
  return world.witness.expected() === rescue.version ? undefined : stuck(rescue, toldThen);
}

/** Until there is nothing newer. Returns what each look came to. */
async function lookOften(world: World, looks_max: number): Promise<readonly string[]> {
  const told: string[] = [];
  for (let looks = 0; looks < looks_max; looks += 1) {
    const { agent, device } = await running(world, arm(world, []));
    const { kind, to, reasons } = await agent.check({ kind: 'schedule', wanted: null });
    await world.witness.settle();
    told.push(`${kind}: ${reasons.join(' ')}`);
    if (kind === 'up_to_date') break;
    if (kind === 'waiting' && to !== null) await approve(device, to);
    world.clock.pass(hour_ms);
  }
  return told;
}

function newestGood({ vendor, witness }: World): ReleasePlan | undefined {
  return vendor.published
    .map(({ plan }) => plan)
    .findLast(
      ({ version, health, foreign }) =>
        goodHealths.has(health) && !foreign && !vendor.withdrawn.has(version) && !witness.hasFailed(version),
    );
}

function stuck({ version }: ReleasePlan, told: readonly string[]): Complaint {
  return { checker: 'liveness', problem: `${version} does not install: ${told.join('; ')}` };
}

function rescueAfter(last: ReleasePlan | undefined): ReleasePlan {
  const counter = (last?.counter ?? 0) + 1;
  return {
    version: `1.${counter}.0`,
    counter,
    migrations: last?.migrations ?? 0,
    one_way: last?.one_way ?? [],
    health: 'well',
    severity: 'patch',
    ballast_bytes: 0,
    foreign: false,
  };
}
