/** The device of a hunt from one boot to the next: the production agent on ports that fail when the scenario says so. */

import { type Agent, createAgent } from '@kedge/agent/agent';
import type { AgentEvent, Device } from '@kedge/agent/device';
import type { Clock, Disk, Net, NetResponse } from '@kedge/core/ports';
import type { FileSystem } from '../disk/model.ts';
import { simulatedDisk } from '../disk/simulated-disk.ts';
import { type Condition, withHealth } from '../faults/app-health.ts';
import { nameOf } from '../faults/fault.ts';
import { type Asked, bytesOf, concerns, netFaults } from '../faults/net-fault.ts';
import type { SimulatedClock } from '../os/simulated-clock.ts';
import { createPrng, type Prng } from '../prng.ts';
import { type History, type SimulatedApp, simulatedApp } from '../simulated-app.ts';
import { openSimulated, seededRandom, simulatedConfig } from '../simulated-device.ts';
import { PowerOff, type Strikes } from './strike.ts';

export type Surroundings = {
  readonly system: FileSystem;
  readonly history: History;
  readonly clock: SimulatedClock;
  readonly prng: Prng;
  /** Those of the step that is played now. */
  readonly strikes: () => Strikes;
  readonly net: Net;
  /** As the network was on an earlier day. */
  readonly earlierNet: (prng: Prng) => Net | undefined;
  readonly conditionOf: (version: string) => Condition | undefined;
  readonly emit: (event: AgentEvent) => void;
  readonly onStrike: (name: string, what: string) => void;
  readonly spoil: (disk: Disk) => Disk;
  readonly onChange: (operation: string, path: string) => void;
  readonly onBackup: (id: string) => void;
};

export type Machine = {
  readonly device: Device;
  readonly agent: Agent;
  readonly app: SimulatedApp;
  /** The agent runs by its own schedule for so long, and is then stopped. */
  live(duration_ms: number): Promise<void>;
};

export const config = simulatedConfig(
  'repository: [http://vendor.example, http://mirror.example]',
  'hardware: [this-model]',
  'report_to: http://reports.example/',
);

/** @throws what keeps an agent from starting at all, such as a full disk */
export async function bootMachine(around: Surroundings, stopping: AbortController): Promise<Machine> {
  const disk = around.spoil(failingDisk(around));
  const app = appOn(disk, around);
  let lives_until_ms = Infinity;
  const clock: Clock = {
    ...around.clock,
    async sleep(duration_ms, signal) {
      if (around.strikes().ended()) throw new PowerOff('the power is off');
      const rest_ms = lives_until_ms - around.clock.monotonic_ms();
      await around.clock.sleep(Math.min(duration_ms, rest_ms), signal);
      if (duration_ms >= rest_ms) stopping.abort(new Error('its time is over'));
    },
  };
  const device = await openSimulated({
    disk,
    clock,
    net: failingNet(around, clock),
    random: seededRandom(around.prng),
    app,
    config,
    emit: around.emit,
    signal: stopping.signal,
  });
  const agent = createAgent(device);
  return {
    device,
    agent,
    app,
    async live(duration_ms) {
      lives_until_ms = clock.monotonic_ms() + duration_ms;
      await agent.run();
    },
  };
}

function appOn(disk: Disk, { history, clock, conditionOf, onStrike, onBackup }: Surroundings): SimulatedApp {
  // The rows are dated by a clock that is right: when they were written is not the device's to say.
  const trueClock: Clock = { ...clock, now_ms: clock.true_ms };
  const app = simulatedApp({ disk, clock: trueClock }, config.data, history, new Set());
  const data: SimulatedApp['data'] = {
    ...app.data,
    async backup(parts, to) {
      onBackup(to.slice(to.lastIndexOf('/') + 1));
      await app.data.backup(parts, to);
    },
  };
  return withHealth({ ...app, data }, clock, conditionOf, (health) => onStrike(`app ${health}`, ''));
}

function failingDisk({ system, strikes, onChange }: Surroundings): Disk {
  const disk = simulatedDisk(system, (operation, path) => {
    strikes().onChange(operation, path);
    onChange(operation, path);
  });
  return {
    ...disk,
    async stat(path) {
      strikes().onRead(path);
      return disk.stat(path);
    },
    async list(path) {
      strikes().onRead(path);
      return disk.list(path);
    },
    async read(path, limit_bytes) {
      strikes().onRead(path);
      return disk.read(path, limit_bytes);
    },
    async *stream(path, from_bytes) {
      strikes().onRead(path);
      yield* disk.stream(path, from_bytes);
    },
    freeSpace: async (path) => (strikes().isFull() ? 0 : disk.freeSpace(path)),
  };
}

function failingNet(around: Surroundings, clock: Clock): Net {
  const { net, earlierNet, strikes, onStrike } = around;
  const before: Uint8Array[] = [];
  return {
    async request(request) {
      const fault = strikes()
        .onRequest(new URL(request.url))
        .find(({ how }) => concerns(how, { request, before }));
      const honest = () => net.request(request);
      if (!fault) return remembered(await honest(), before);
      onStrike(nameOf(fault), request.url);
      const prng = createPrng(fault.chance);
      const asked: Asked = {
        request,
        clock,
        prng,
        honest,
        whole: async () => bytesOf((await net.request({ ...request, headers: {} })).body),
        earlier: async () => earlierNet(prng)?.request(request),
        before,
      };
      return netFaults[fault.how](asked);
    },
  };
}

async function remembered(response: NetResponse, before: Uint8Array[]): Promise<NetResponse> {
  return {
    ...response,
    body: (async function* noted() {
      for await (const chunk of response.body) {
        before.push(chunk);
        if (before.length > answers_max) before.shift();
        yield chunk;
      }
    })(),
  };
}

/** Of those that an answer to another request may be. */
const answers_max = 30;
