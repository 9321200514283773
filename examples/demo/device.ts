/** A device: a folder, and an agent in it that is a process of its own, asked over its local API. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type AgentEvent, pathsIn } from '@kedge/agent/device';
import type { RouteBody, RouteName } from '@kedge/agent/local-api';
import { callLocalApi, followEvents } from '@kedge/agent/os/local-api-client';
import { nodeProcesses } from '@kedge/agent/os/processes';
import { type Report, report as reportParser } from '@kedge/agent/report';
import type { JournalState } from '@kedge/core/journal';
import { parseWith } from '@kedge/core/parse';
import type { Clock } from '@kedge/core/ports';
import { agentEvent } from './agent-event.ts';
import { freePort } from './port.ts';

export type Device = {
  readonly product: string;
  /** Absolute. */
  readonly folder: string;
  readonly config_path: string;
  /** Where its app listens. */
  readonly url: string;
  readonly data_folder: string;
  releaseFolder(version: string): string;
  /** Resolves when the agent has recovered and answers. @throws when it does not come up */
  start(): Promise<void>;
  ask<R extends RouteName>(route: R, body: RouteBody<R>): Promise<unknown>;
  /** Has it look for updates now. A version is installed without asking. */
  check(hear: Hear, version?: string): Promise<Report>;
  /** Has it look for updates, and kills it, as `kill -9` does, as soon as its journal has come to that state. */
  checkAndKillAt(state: JournalState, hear: Hear): Promise<void>;
  /** Of the agent and of its app. */
  pids(): readonly number[];
  /** From now on it has only these sources. Counts from the next start. */
  configure(sources: readonly string[]): Promise<void>;
  /** Nothing of it runs afterwards. */
  close(): Promise<void>;
};

export type Hear = (event: AgentEvent) => void;

export type DeviceOptions = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly folder: string;
  readonly product: string;
  readonly source: string;
  readonly root: string;
  /** The rule for each severity that the demo's releases have. */
  readonly rule: 'now' | 'never';
  /** The program and the words before `run`. */
  readonly agent?: readonly string[];
};

const main = resolve(import.meta.dirname, '../../packages/cli/src/main.ts');
const fromSources = ['--disable-warning=ExperimentalWarning', main, 'agent'];
const start_timeout_ms = 20_000;
const stop_timeout_ms = 15_000;
const poll_ms = 10;

export async function openDevice(options: DeviceOptions): Promise<Device> {
  const { clock, signal, folder, product, agent: words = fromSources } = options;
  await mkdir(folder, { recursive: true });
  await copyFile(options.root, join(folder, 'root.json'));
  const port = await freePort();
  const config_path = join(folder, 'kedge.yaml');
  const configure = (sources: readonly string[]) => writeFile(config_path, configOf(options, sources, port));
  await configure([options.source]);
  const { socket, state } = pathsIn(folder);
  const app = { leader: undefined, mark: `${state}/service.json` };
  const processes = nodeProcesses();
  let agent: ChildProcess | undefined;

  async function start(): Promise<void> {
    signal.throwIfAborted();
    const log_path = join(folder, 'agent.log');
    const log = openSync(log_path, 'a');
    const child = spawn(process.execPath, [...words, 'run', '--config', config_path], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    agent = child;
    const deadline_ms = clock.monotonic_ms() + start_timeout_ms;
    while ((await callLocalApi(socket, 'status', {}, signal)).kind === 'not_running') {
      if (hasEnded(child) || clock.monotonic_ms() > deadline_ms) {
        const said = (await readFile(log_path, 'utf8')).trim().split('\n').slice(-5).join(' | ');
        throw new Error(`the agent of ${product} did not come up: ${said || 'it said nothing'}`);
      }
      await clock.sleep(poll_ms, signal);
    }
  }

  async function end(how: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!agent || hasEnded(agent)) return;
    const ended = once(agent, 'exit');
    agent.kill(how);
    await ended;
  }

  async function ask<R extends RouteName>(route: R, body: RouteBody<R>): Promise<unknown> {
    const answer = await callLocalApi(socket, route, body, signal);
    if (answer.kind === 'answered') return answer.value;
    throw new Error(answer.kind === 'refused' ? answer.error : answer.reason);
  }

  /** Hears all that happens while the work is done. */
  async function hearing<T>(hear: Hear, work: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const following = await followEvents(socket, AbortSignal.any([signal, over.signal]));
    if (following.kind !== 'following') throw new Error(`the agent of ${product} tells no events`);
    const heard = (async () => {
      for await (const event of following.events) hear(parseWith(agentEvent, event, 'event'));
    })();
    try {
      return await work();
    } finally {
      over.abort();
      await heard;
    }
  }

  return {
    product,
    folder,
    config_path,
    url: `http://127.0.0.1:${port}`,
    data_folder: join(folder, 'data'),
    releaseFolder: (version) => join(folder, 'releases', version),
    start,
    ask,
    check: (hear, version) =>
      hearing(hear, async () => {
        const answer = await ask('check', version === undefined ? {} : { version });
        return parseWith(reportParser, answer, 'report');
      }),
    async checkAndKillAt(state, hear) {
      const isThere = Promise.withResolvers<void>();
      await hearing(
        (event) => {
          hear(event);
          if (event.kind === 'state' && event.state === state) isThere.resolve(end('SIGKILL'));
        },
        async () => {
          // The dead do not answer: that the request breaks off is what was asked for.
          const [answered] = await Promise.allSettled([ask('check', {})]);
          if (answered.status === 'fulfilled') throw new Error(`the update never came to ${state}`);
          await isThere.promise;
        },
      );
    },
    pids: () => [...(agent?.pid === undefined || hasEnded(agent) ? [] : [agent.pid]), ...processes.left(app)],
    configure,
    async close() {
      const overdue = new AbortController();
      const kill = clock.sleep(stop_timeout_ms, overdue.signal).then(() => end('SIGKILL'));
      await end('SIGTERM');
      overdue.abort();
      await Promise.allSettled([kill]);
      // An agent that was killed, and not started again, leaves its app.
      while (processes.left(app).length > 0) {
        processes.signal(app, 'SIGKILL');
        await clock.sleep(poll_ms);
      }
    },
  };
}

function configOf({ product, rule }: DeviceOptions, sources: readonly string[], port: number): string {
  return `product: ${product}
repository: ${JSON.stringify(sources)}
root: root.json
folder: .
variables: { port: '${port}' }
policy:
  severity: { feature: ${rule}, major: ${rule}, patch: ${rule} }
`;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
