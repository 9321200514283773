/** Plays one scenario from its seed: the same scenario gives the same trace, operation by operation. */

import { approve } from '@kedge/agent/requests';
import type { Disk } from '@kedge/core/ports';
import type { Role } from '@kedge/trust/roles';
import type { Attack } from '../adversary/attack.ts';
import { stolenRoles } from '../adversary/loot.ts';
import type { Fault, FaultOf } from '../faults/fault.ts';
import { findStuck } from './calm.ts';
import { arm, comeBack, running } from './device-life.ts';
import { findComplaint } from './quiet-point.ts';
import type { Act, Scenario, Step } from './scenario.ts';
import type { Workshop } from './vendor.ts';
import type { Complaint } from './witness.ts';
import { createWorld, setClockRight, vendorWorks, type World } from './world.ts';

export type Played = {
  readonly violation: Complaint | undefined;
  readonly trace: readonly string[];
  /** Of every operation, state and report. */
  readonly digest: string;
  /** How often each fault struck. */
  readonly faults: ReadonlyMap<string, number>;
  /** Updates that came to an end: committed, dropped or rolled back. */
  readonly updates: number;
};

/** What a hunt has at hand. */
export type Kit = {
  readonly workshop: Workshop;
  readonly attacks: readonly Attack[];
  /** Makes the device's disk one that breaks its promises: the hunt must then find stranded devices. */
  readonly spoil?: (disk: Disk) => Disk;
};

export async function play(kit: Kit, scenario: Scenario): Promise<Played> {
  const world = await createWorld(kit, scenario.seed);
  const violation = await firstComplaint(kit, world, scenario);
  const { lines, strikes, digest } = world.trace;
  if (violation) world.trace.line(`VIOLATION of ${violation.checker}: ${violation.problem}`);
  const updates = [...world.witness.ends.values()].reduce((sum, count) => sum + count, 0);
  return { violation, trace: lines, digest: digest(), faults: strikes, updates };
}

async function firstComplaint(kit: Kit, world: World, { steps }: Scenario): Promise<Complaint | undefined> {
  const stolen = new Set<Role>();
  try {
    for (const [index, step] of steps.entries()) {
      world.trace.line(`step ${index + 1}: ${JSON.stringify(step.act)}`);
      await playStep(kit, world, step, stolen);
      const complaint = await findComplaint(world);
      if (complaint) return complaint;
    }
    const stuck = await findStuck(world, stolen);
    return (await findComplaint(world)) ?? stuck;
  } catch (error) {
    // Nothing may stop an agent for good, once what hurt it is over.
    return { checker: 'recovery', problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function playStep(kit: Kit, world: World, step: Step, stolen: Set<Role>): Promise<void> {
  for (const attack of ofKind(step.faults, 'attack')) await placeAttacker(kit, world, attack, stolen);
  disturbClock(world, step.faults);
  const strikes = arm(world, step.faults);
  world.strikes = strikes;
  try {
    await perform(world, step.act);
    if (isOfTheDevice(step.act)) world.unsettled = strikes.hasHurt();
    if (step.act.kind === 'look' && !strikes.hasHurt()) world.volatile = false;
  } catch (error) {
    if (!strikes.hasHurt()) throw error;
    world.trace.line(`    it ended with: ${error instanceof Error ? error.message : String(error)}`);
    world.unsettled = true;
    world.volatile = true;
  }
  world.hostile.clear();
  if (!step.faults.some((fault) => 'stays' in fault && fault.stays)) setClockRight(world);
  const wasDown = !world.machine || strikes.ended() !== undefined || world.stopping.signal.aborted;
  await comeBack(world);
  if (wasDown) world.unsettled = false;
}

async function perform(world: World, act: Act): Promise<void> {
  switch (act.kind) {
    case 'publish':
    case 'withdraw':
    case 'replace_keys':
    case 'sign':
      return vendorWorks(world, act, act.mirrored);
    case 'wait':
      return world.clock.pass(act.hours * hour_ms);
    case 'restart':
      world.machine = undefined;
      break;
    default:
  }
  const { agent, device, app, live } = await running(world, world.strikes);
  switch (act.kind) {
    case 'look':
      await agent.check({ kind: 'schedule', wanted: null });
      return;
    case 'live':
      return live(act.hours * hour_ms);
    case 'go_back': {
      const went = await agent.goBack(act.may_lose_writes);
      if (went.kind === 'refused') world.trace.line(`    refused: ${went.reason}`);
      return;
    }
    case 'approve': {
      const version = world.vendor.published.at(-1)?.plan.version;
      if (version === undefined) return;
      return world.witness.forgive(version, approve(device, version));
    }
    case 'use':
      if (device.service.state().kind === 'running') await app.save();
      return;
    default:
  }
}

function isOfTheDevice({ kind }: Act): boolean {
  return kind === 'look' || kind === 'live' || kind === 'go_back' || kind === 'restart';
}

async function placeAttacker(kit: Kit, world: World, fault: FaultOf<'attack'>, stolen: Set<Role>): Promise<void> {
  if (world.vendor.published.length === 0) return;
  const attack = kit.attacks.find(({ name }) => name === fault.name);
  const ground = { vendor: world.vendor.system, past: world.past, now_ms: world.clock.true_ms() };
  const hostile = await attack?.apply(ground);
  if (!attack || !hostile) return;
  for (const role of [...stolenRoles[attack.loot], ...(attack.heals_with ?? [])]) stolen.add(role);
  const hosts = fault.source === 'all' ? ['vendor', 'mirror'] : [fault.source];
  for (const host of hosts) world.hostile.set(`${host}.example`, hostile);
  world.trace.strike(`attack: ${attack.name}`, fault.source);
}

function disturbClock({ clock, trace }: World, faults: readonly Fault[]): void {
  for (const { rate } of ofKind(faults, 'clock_drift')) {
    clock.setDrift(rate);
    trace.strike('clock_drift', String(rate));
  }
}

function ofKind<K extends Fault['kind']>(faults: readonly Fault[], kind: K): readonly FaultOf<K>[] {
  return faults.filter((fault): fault is FaultOf<K> => fault.kind === kind);
}

const hour_ms = 3_600_000;
