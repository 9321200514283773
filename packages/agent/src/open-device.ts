/** Makes a device of its configuration and the ports of its machine. */

import { name } from '@kedge/core/manifest';
import { InvalidInput } from '@kedge/core/parse';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import { root_bytes_max } from '@kedge/trust/limits';
import type { AgentConfig } from './config.ts';
import { type AgentEvent, type Device, type Paths, type Ports, pathsIn } from './device.ts';
import { timedId } from './id.ts';
import { openJournal } from './journal/journal.ts';
import { openLog } from './log.ts';
import { openMemory } from './memory.ts';
import { withRepositoryCheck } from './repository-check.ts';

export type OpenOptions = {
  readonly config: AgentConfig;
  readonly ports: Ports;
  readonly emit: (event: AgentEvent) => void;
  readonly signal: AbortSignal;
  /** Absent: the one that is kept in the folder, or a new one. */
  readonly id?: string;
};

/** @throws InvalidInput when there is no root of trust */
export async function openDevice({ config, ports, emit, signal, id }: OpenOptions): Promise<Device> {
  const { disk } = ports;
  const paths = pathsIn(config.folder);
  const initial_root = await disk.read(config.root, root_bytes_max);
  if (!initial_root) {
    throw new InvalidInput(
      'root',
      `there is no file ${config.root}; put the root.json of the repository's owner there`,
    );
  }
  await makeFolderDurable(disk, paths.state, 0o700);
  const device: Device = {
    ...ports,
    config,
    id: id ?? (await deviceId(ports, paths)),
    initial_root,
    paths,
    journal: openJournal(ports, paths.journal, (state) => emit({ kind: 'state', state })),
    memory: openMemory(ports, paths.state),
    log: await openLog({ ...ports, path: paths.log }),
    emit,
    signal,
  };
  return { ...device, checks: withRepositoryCheck(device) };
}

/** Given once, by chance, and kept. */
async function deviceId(ports: Ports, paths: Paths): Promise<string> {
  const bytes = await ports.disk.read(paths.device_id, 128);
  const kept = bytes && new TextDecoder().decode(bytes).trim();
  if (kept !== undefined && isName(kept)) return kept;
  const id = `device-${timedId(ports)}`;
  await writeAtomic(ports.disk, paths.device_id, new TextEncoder().encode(`${id}\n`));
  return id;
}

function isName(text: string): boolean {
  try {
    return name.parse(text, 'device-id') === text;
  } catch (error) {
    if (error instanceof InvalidInput) return false;
    throw error;
  }
}
