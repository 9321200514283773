/** A device on a simulated disk: the production agent, with a simulated clock, network, app and database. */

import { type AgentConfig, parseConfig } from '@kedge/agent/config';
import { releaseFolderDeployer } from '@kedge/agent/deploy/release-folder';
import type { AgentEvent, Device } from '@kedge/agent/device';
import { openDevice } from '@kedge/agent/open-device';
import { decompressZstd } from '@kedge/agent/os/zstd';
import type { Checks, Data, Service } from '@kedge/agent/ports';
import type { Clock, Disk, Net, Random } from '@kedge/core/ports';
import { sha256 } from '@kedge/trust/os/sha256';
import type { FileSystem } from './disk/model.ts';
import { type BeforeChange, simulatedDisk } from './disk/simulated-disk.ts';
import { simulatedClock } from './os/simulated-clock.ts';
import type { Prng } from './prng.ts';
import { type History, simulatedApp } from './simulated-app.ts';
import { simulatedNet } from './simulated-net.ts';

export const device_folder = '/device';

/** What a simulated machine is made of; all else of it is the same everywhere. */
export type SimulatedMachine = {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly net: Net;
  readonly random: Random;
  readonly app: { readonly service: Service; readonly data: Data; readonly checks: Checks };
  readonly config: AgentConfig;
  readonly emit: (event: AgentEvent) => void;
  readonly signal: AbortSignal;
};

export async function openSimulated({ config, emit, signal, app, ...ports }: SimulatedMachine): Promise<Device> {
  return openDevice({
    config,
    emit,
    signal,
    ports: {
      ...ports,
      ...app,
      sha256,
      machine: { platform: 'linux-x64', ram_bytes: 2 ** 30, runtimes: {} },
      deployer: releaseFolderDeployer({ ...ports, sha256, decompress: decompressWhole, root: config.folder }),
    },
  });
}

/** @param lines of YAML besides those that every simulated device has */
export function simulatedConfig(...lines: readonly string[]): AgentConfig {
  const all = ['product: simulated', 'root: root.json', 'folder: .', ...lines];
  return parseConfig(`${all.join('\n')}\n`, `${device_folder}/kedge.yaml`);
}

export type BootOptions = {
  readonly system: FileSystem;
  readonly repository: FileSystem;
  readonly history: History;
  readonly ill: ReadonlySet<string>;
  readonly start_ms: number;
  readonly prng: Prng;
  readonly before: BeforeChange;
  /** A disk whose fsync does nothing. */
  readonly lies?: boolean;
};

export type BootedDevice = { readonly device: Device; readonly events: readonly AgentEvent[] };

const config = simulatedConfig('repository: [http://vendor.example]');

export async function bootDevice(options: BootOptions): Promise<BootedDevice> {
  const { system, repository, history, ill, start_ms, prng, before, lies = false } = options;
  const disk = simulatedDisk(system, before, lies);
  const clock = simulatedClock(start_ms);
  const site = simulatedDisk(repository, () => undefined);
  const events: AgentEvent[] = [];
  const device = await openSimulated({
    disk,
    clock,
    net: simulatedNet(() => site),
    random: seededRandom(prng),
    app: simulatedApp({ disk, clock }, config.data, history, ill),
    config,
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
  });
  return { device, events };
}

export function seededRandom(prng: Prng): Random {
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => prng.below(256)),
    fraction: () => prng.fraction(),
  };
}

/** All at once: in which order a thread of the real machine gives its chunks must not tell one run from another. */
async function* decompressWhole(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressZstd(bytes)) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  for (let at = 0; at < whole.length; at += chunk_bytes) yield whole.subarray(at, at + chunk_bytes);
}

const chunk_bytes = 64 * 1024;
