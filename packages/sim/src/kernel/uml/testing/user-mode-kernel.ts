/** A whole kernel as a process, which loses its power when that process is killed: what it had not given its disk is gone. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '@kedge/trust/os/clock';
import type { Work } from '../../testing/victim.ts';

const init = resolve(import.meta.dirname, '../init.sh');

export type Boot = {
  /** With ext4; is changed as the kernel's disk is. */
  readonly image: string;
  /** Where the kernel mounts it. On the host it is an empty folder. */
  readonly mounted: string;
  /** For what the kernel keeps beside. */
  readonly scratch: string;
  readonly victim: string;
  readonly config_path: string;
  readonly work: Work;
  /** More variables of its programs. */
  readonly environment?: { readonly [name: string]: string };
};

/** The power goes as soon as so many lines were said, or a while later. */
export type Cut = { readonly lines: number; readonly later_ms: number };

/** A kernel that hangs must not stay. */
const boot_timeout_ms = 120_000;

/** What was said on the console since the disk was mounted; the last line is `over` when nothing was cut off. */
export async function runUntilCut(boot: Boot, cut: Cut): Promise<readonly string[]> {
  const kernel = spawn('linux.uml', commandLine(boot), { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const said: string[] = [];
  let isDiskMounted = false;
  const end = new AbortController();
  kernel.once('exit', () => end.abort());

  // Detached, it leads a group, of which all that it started is part.
  function powerOff(): void {
    if (kernel.pid !== undefined && !end.signal.aborted) process.kill(-kernel.pid, 'SIGKILL');
  }
  async function powerOffAfter(delay_ms: number): Promise<void> {
    // It does not sleep on once the kernel has ended.
    await systemClock.sleep(delay_ms, end.signal).then(powerOff, () => undefined);
  }

  createInterface({ input: kernel.stdout }).on('line', (line) => {
    if (isDiskMounted) said.push(line);
    isDiskMounted ||= line === 'on';
    if (line === 'over') powerOff();
    else if (said.length === cut.lines && cut.later_ms === 0) powerOff();
    else if (said.length === cut.lines) void powerOffAfter(cut.later_ms);
  });
  void powerOffAfter(boot_timeout_ms);
  await once(kernel, 'close');
  return said;
}

function commandLine(boot: Boot): readonly string[] {
  const kernel = ['mem=512M', `ubd0=${boot.image}`, `uml_dir=${boot.scratch}/`, 'con=null', 'con0=null,fd:1', 'quiet'];
  const root = ['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', `init=${init}`];
  // What a kernel does not know it gives to its first program.
  const environment = {
    KEDGE_FOLDER: boot.mounted,
    KEDGE_NODE: process.execPath,
    KEDGE_VICTIM: boot.victim,
    KEDGE_CONFIG: boot.config_path,
    KEDGE_WORK: boot.work,
    ...boot.environment,
  };
  return [...kernel, ...root, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
}
