/**
 * One piece of work of the production agent in a process of its own, which may be killed at any moment:
 *
 *   node victim-main.ts CONFIG recover|update|go-back
 *
 * It says each state of the journal and each report in a line of its own, and ends with 0 when it did not throw.
 */

import { writeSync } from 'node:fs';
import { createAgent } from '@kedge/agent/agent';
import type { AgentEvent, Device } from '@kedge/agent/device';
import { pathsIn } from '@kedge/agent/device';
import { openDevice } from '@kedge/agent/open-device';
import { readConfig } from '@kedge/agent/os/daemon';
import { acquireInstanceLock } from '@kedge/agent/os/instance-lock';
import { localPorts, realBase } from '@kedge/agent/os/local-ports';
import { makeFolderDurable } from '@kedge/trust/atomic-file';

const started_timeout_ms = 20_000;

/** At once: what stays in a buffer is lost with the process. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

function sayEvent(event: AgentEvent): void {
  if (event.kind === 'state') say(`state ${event.state}`);
  if (event.kind === 'report') say(`report ${event.report.kind}: ${event.report.reasons.join(' ')}`);
}

async function main(config_path: string, work: string): Promise<void> {
  const base = realBase();
  const config = await readConfig(base, config_path);
  if (!config) throw new Error(`there is no ${config_path}`);
  const paths = pathsIn(config.folder);
  await makeFolderDurable(base.disk, paths.state, 0o700);
  const lock = acquireInstanceLock(paths.lock);
  if (lock.kind === 'held') throw new Error('another agent works on this folder');
  const over = new AbortController();
  const ports = localPorts(config, say, base, over.signal);
  const device = await openDevice({ config, ports, emit: sayEvent, signal: new AbortController().signal });
  const agent = createAgent(device);
  await agent.recover();
  say('recovered');
  const app = `http://127.0.0.1:${config.variables['port']}`;
  if (work !== 'recover') {
    await saveRow(device, `${app}/saved-before`);
    if (work === 'update') await agent.check({ kind: 'asked', wanted: null });
    else await agent.goBack(true);
    await saveRow(device, `${app}/saved-afterwards`);
  }
  await device.log.close();
  over.abort();
  lock.release();
  say('done');
}

/** As somebody who uses the app does. */
async function saveRow({ clock, service, signal }: Device, url: string): Promise<void> {
  const deadline_ms = clock.monotonic_ms() + started_timeout_ms;
  while (service.state().kind === 'running' && clock.monotonic_ms() < deadline_ms) {
    const isSaved = await fetch(url, { method: 'POST' }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isSaved) return say('saved');
    await clock.sleep(10, signal);
  }
}

const [config_path = '', work = 'update'] = process.argv.slice(2);
// It is bundled as CommonJS, which has no top-level await.
void main(config_path, work).catch((error: unknown) => {
  say(`threw ${error instanceof Error ? error.stack : String(error)}`);
  process.exitCode = 1;
});
