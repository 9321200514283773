/** Runs the victim, bundled so that it starts fast. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { nodeProcesses } from '@kedge/agent/os/processes';
import { serviceRecordPath } from '@kedge/agent/service/supervisor';
import { systemClock } from '@kedge/trust/os/clock';
import { build } from 'esbuild';

const timeout_ms = 60_000;

export type Work = 'recover' | 'update' | 'go-back';

export type Ran = {
  /** 137 for one that was killed, as a shell tells it. */
  readonly code: number | null;
  /** Lines: `state SWITCHED`, `report updated: ...`, `recovered`, `done`, `threw ...`. */
  readonly said: readonly string[];
};

/** All processes that this begins end with the first of them: the power goes for all of them at once. */
export const poweredTogether: readonly string[] = [
  'unshare',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  // Orphans go to the first process, and a tracer would wait for them.
  'sh',
  '-c',
  '"$@"; exit $?',
  'sh',
];

/** @returns the path of the bundle */
export async function buildVictim(folder: string): Promise<string> {
  const outfile = join(folder, 'victim.cjs');
  const entry = resolve(import.meta.dirname, '../victim-main.ts');
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', target: 'node24', format: 'cjs' });
  return outfile;
}

/** @param before a program and its arguments that run the victim, such as a tracer */
export async function runVictim(
  victim: string,
  config_path: string,
  work: Work,
  before: readonly string[] = [],
): Promise<Ran> {
  const command = [...before, process.execPath, '--disable-warning=ExperimentalWarning', victim, config_path, work];
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // One thread does all the work with files, so that the calls of a kind can be counted.
    env: { ...process.env, UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' },
    timeout: timeout_ms,
    killSignal: 'SIGKILL',
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += String(chunk);
    });
  }
  await once(child, 'close');
  const code = child.signalCode === 'SIGKILL' ? 137 : child.exitCode;
  return { code, said: text.split('\n').filter((line) => line !== '') };
}

/** Ends the app that outlives its agent, and waits until its processes are gone. */
export async function endApp(device_folder: string): Promise<void> {
  const processes = nodeProcesses();
  const family = { leader: undefined, mark: serviceRecordPath(`${device_folder}/state`) };
  while (processes.left(family).length > 0) {
    processes.signal(family, 'SIGKILL');
    await systemClock.sleep(5);
  }
}
