/** What updates are measured against: the same app on a copy of the same data, stopped and at once started again. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { programFile } from '@kedge/agent/os/processes-program';
import type { LocalRelease } from '@kedge/agent/ports';
import { environmentOf, expandedCommand } from '@kedge/agent/service/environment';
import type { Clock } from '@kedge/core/ports';
import { freePort } from './port.ts';
import { median, probe, untilAnswered } from './prober.ts';

export type BareOptions = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly release: LocalRelease;
  /** Nothing may write to it meanwhile: it is copied as it lies there. */
  readonly data_folder: string;
  /** Where the copy is made. */
  readonly folder: string;
  /** That the app is asked for. */
  readonly path: string;
  readonly times: number;
};

/** Returns the median. */
export async function bareRestart_ms(options: BareOptions): Promise<number> {
  const { clock, signal, release, folder, path, times } = options;
  const copy = await mkdtemp(join(folder, 'bare-'));
  await cp(options.data_folder, copy, { recursive: true });
  const port = await freePort();
  const client = { clock, signal, url: `http://127.0.0.1:${port}${path}` };
  const start = () => startApp(release, copy, port);
  let app = start();
  try {
    await untilAnswered(client);
    const downtimes_ms: number[] = [];
    for (let time = 0; time < times; time += 1) {
      const { downtime_ms } = await probe(client, async () => {
        await stopApp(app);
        app = start();
      });
      downtimes_ms.push(downtime_ms);
    }
    return median(downtimes_ms);
  } finally {
    await stopApp(app);
    await rm(copy, { recursive: true });
  }
}

/** As the agent starts it, with nobody in between. */
function startApp(release: LocalRelease, data_folder: string, port: number): ChildProcess {
  const surroundings = { data_folder, variables: { port: String(port) }, agent_environment: process.env };
  const [word = '', ...words] = expandedCommand(release.manifest.run.command, release, surroundings);
  return spawn(programFile(word, release.folder), words, {
    cwd: release.folder,
    env: { ...environmentOf(release, surroundings) },
    stdio: 'ignore',
  });
}

async function stopApp(app: ChildProcess): Promise<void> {
  if (app.exitCode !== null || app.signalCode !== null) return;
  const ended = once(app, 'exit');
  app.kill('SIGTERM');
  await ended;
}
