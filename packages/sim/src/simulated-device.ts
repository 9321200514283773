/** A device on a simulated disk: the production agent, with a simulated clock, network, app and database. */

import { parseConfig } from '@kedge/agent/config';
import { releaseFolderDeployer } from '@kedge/agent/deploy/release-folder';
import type { AgentEvent, Device } from '@kedge/agent/device';
import { openDevice } from '@kedge/agent/open-device';
import { decompressZstd } from '@kedge/agent/os/zstd';
import type { Random } from '@kedge/core/ports';
import { sha256 } from '@kedge/trust/os/sha256';
import type { FileSystem } from './disk/model.ts';
import { type BeforeChange, simulatedDisk } from './disk/simulated-disk.ts';
import { simulatedClock } from './os/simulated-clock.ts';
import type { Prng } from './prng.ts';
import { type History, simulatedApp } from './simulated-app.ts';
import { simulatedNet } from './simulated-net.ts';

export const device_folder = '/device';

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

export async function bootDevice(options: BootOptions): Promise<BootedDevice> {
  const { system, repository, history, ill, start_ms, prng, before, lies = false } = options;
  const disk = simulatedDisk(system, before, lies);
  const clock = simulatedClock(start_ms);
  const config = parseConfig(
    'product: simulated\nrepository: [http://vendor.example]\nroot: root.json\nfolder: .\n',
    `${device_folder}/kedge.yaml`,
  );
  const events: AgentEvent[] = [];
  const device = await openDevice({
    config,
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
    ports: {
      clock,
      disk,
      net: simulatedNet(simulatedDisk(repository, () => undefined)),
      random: seededRandom(prng),
      sha256,
      machine: { platform: 'linux-x64', ram_bytes: 2 ** 30, runtimes: {} },
      deployer: releaseFolderDeployer({ disk, sha256, decompress: decompressZstd, root: device_folder }),
      ...simulatedApp({ disk, clock }, config.data, history, ill),
    },
  });
  return { device, events };
}

export function seededRandom(prng: Prng): Random {
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => prng.below(256)),
    fraction: () => prng.fraction(),
  };
}
