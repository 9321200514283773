/** The device from boot to boot: how it starts, how it goes down, and what its disk is then. */

import type { AgentEvent } from '@kedge/agent/device';
import { crashStates } from '../disk/power-cut.ts';
import type { Fault, FaultOf } from '../faults/fault.ts';
import { createPrng } from '../prng.ts';
import { bootMachine, type Machine } from './machine.ts';
import { armed, type Strikes } from './strike.ts';
import { earlierNetwork, networkOf, type World } from './world.ts';

/** Of what a disk may hold after a cut, so many states are worked out to choose one from. */
const states_max = 3;

export function arm(world: World, faults: readonly Fault[]): Strikes {
  return armed(faults, {
    clock: world.clock,
    stop: () => world.stopping.abort(new Error('asked to stop')),
    onStrike: world.trace.strike,
  });
}

/** Starts the agent if it does not run. @throws what keeps it from starting */
export async function running(world: World, strikes: Strikes): Promise<Machine> {
  world.strikes = strikes;
  if (world.machine) return world.machine;
  world.stopping = new AbortController();
  world.witness.onBoot();
  const machine = await bootMachine(surroundings(world), world.stopping);
  world.machine = machine;
  await machine.agent.recover();
  return machine;
}

/** After a step: what went down comes up again, and may go down again while it recovers. */
export async function comeBack(world: World): Promise<void> {
  for (const at of goDown(world)) {
    const strikes = arm(world, [again(at, world)]);
    await running(world, strikes).catch((error: unknown) => {
      if (!strikes.ended()) throw error;
    });
    if (!strikes.ended()) break;
    goDown(world);
  }
  await running(world, arm(world, []));
}

/** Returns the operations of the recoveries at which the power goes again. */
function goDown(world: World): readonly number[] {
  const ending = world.strikes.ended();
  if (ending || world.stopping.signal.aborted) world.machine = undefined;
  if (!ending) return [];
  const cuts = [ending.again, ending.kind === 'power_cut' ? ending.once_more : -1].filter((at) => at >= 0);
  if (ending.kind === 'kill') return cuts;
  const prng = createPrng(ending.chance);
  const { states } = crashStates(world.system, states_max, prng);
  world.system = states[prng.below(states.length)] ?? world.system;
  return cuts;
}

function again(at: number, { prng }: World): FaultOf<'power_cut'> {
  return { kind: 'power_cut', at, again: -1, once_more: -1, chance: prng.below(2 ** 32) };
}

function surroundings(world: World) {
  const { history, clock, prng, witness, trace, touched, vendor, spoil } = world;
  return {
    system: world.system,
    history,
    clock,
    prng,
    strikes: () => world.strikes,
    net: networkOf(world),
    earlierNet: (prng: World['prng']) => earlierNetwork(world, prng),
    conditionOf: (version: string) => vendor.published.find(({ plan }) => plan.version === version),
    emit: (event: AgentEvent) => {
      witness.onEvent(event);
      tell(event, world);
    },
    onStrike: trace.strike,
    spoil,
    onChange: (operation: string, path: string) => {
      touched.add(path);
      trace.operation(`${operation} ${path}`);
    },
    onBackup: witness.onBackup,
  };
}

function tell(event: AgentEvent, { trace, clock }: World): void {
  if (event.kind === 'state') trace.line(`    ${event.state}`);
  if (event.kind !== 'report') return;
  const { kind, from, to, stage, reasons } = event.report;
  const at = new Date(clock.true_ms()).toISOString();
  trace.line(`    ${kind} ${from ?? '-'} -> ${to ?? '-'} in ${stage} at ${at}: ${reasons.join(' | ')}`);
}
