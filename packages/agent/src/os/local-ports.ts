/** The real parts of this machine: an app as a supervised child, its releases in folders, its data in SQLite and folders. */

import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { nodeNet } from '@kedge/trust/os/net';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import type { AgentConfig } from '../config.ts';
import { releaseFolderDeployer } from '../deploy/release-folder.ts';
import { type Ports, pathsIn } from '../device.ts';
import type { Surroundings } from '../service/environment.ts';
import type { Processes } from '../service/processes.ts';
import { serviceRecordPath, supervisedChild } from '../service/supervisor.ts';
import { localChecks } from './checks/run-check.ts';
import { localData } from './data/local.ts';
import { thisMachine } from './machine.ts';
import { nodeProcesses } from './processes.ts';
import { decompressZstd } from './zstd.ts';

const migration_timeout_ms = 30 * 60_000;

/** The parts that everything else here is made of. */
export type Base = Pick<Ports, 'clock' | 'disk' | 'net' | 'random' | 'sha256'> & { readonly processes: Processes };

export function realBase(): Base {
  return {
    clock: systemClock,
    disk: nodeDisk,
    net: nodeNet(),
    random: systemRandom,
    sha256,
    processes: nodeProcesses(),
  };
}

/**
 * @param say told in one line what the app's supervisor does
 * @param let_go when it is aborted, the app is no longer looked after, and runs on
 */
export function localPorts(
  config: AgentConfig,
  say: (line: string) => void,
  base: Base = realBase(),
  let_go?: AbortSignal,
): Ports {
  const { processes, ...shared } = base;
  const paths = pathsIn(config.folder);
  const surroundings: Surroundings = {
    data_folder: config.data,
    variables: config.variables,
    agent_environment: process.env,
  };
  return {
    ...shared,
    machine: thisMachine(),
    deployer: releaseFolderDeployer({ ...shared, decompress: decompressZstd, root: config.folder }),
    service: supervisedChild({
      ...shared,
      ...surroundings,
      processes,
      state_folder: paths.state,
      log_folder: `${config.folder}/log`,
      log: say,
      ...(let_go ? { let_go } : {}),
    }),
    data: localData({
      ...shared,
      surroundings,
      command_timeout_ms: migration_timeout_ms,
      mark: serviceRecordPath(paths.state),
    }),
    checks: localChecks(surroundings),
  };
}
