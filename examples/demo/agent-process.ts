/** The agent of a device, as a process of its own, and what it leaves behind when it is killed. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathsIn } from '@kedge/agent/device';
import { callLocalApi } from '@kedge/agent/os/local-api-client';
import { nodeProcesses } from '@kedge/agent/os/processes';
import type { Clock } from '@kedge/core/ports';

export type AgentProcess = {
  /** Resolves when the agent has recovered and answers. @throws when it does not come up */
  start(): Promise<void>;
  /** As `kill -9` does. */
  kill(): Promise<void>;
  /** Of the agent and of its app. */
  pids(): readonly number[];
  /** Ends the agent and the app. */
  close(): Promise<void>;
};

export type AgentProcessOptions = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Absolute. Of the device. */
  readonly folder: string;
  readonly config_path: string;
  /** The program and the words before `run`. Absent: from its sources. */
  readonly agent?: readonly string[];
};

const main = resolve(import.meta.dirname, '../../packages/cli/src/main.ts');
const fromSources = ['--disable-warning=ExperimentalWarning', main, 'agent'];
const start_timeout_ms = 20_000;
const stop_timeout_ms = 15_000;
const poll_ms = 10;

export function agentProcess(options: AgentProcessOptions): AgentProcess {
  const { clock, signal, folder } = options;
  const { socket, state } = pathsIn(folder);
  const app = { leader: undefined, mark: `${state}/service.json` };
  const processes = nodeProcesses();
  let agent: ChildProcess | undefined;

  async function start(): Promise<void> {
    signal.throwIfAborted();
    const log_path = `${folder}/agent.log`;
    const child = spawnAgent(options, log_path);
    agent = child;
    const deadline_ms = clock.monotonic_ms() + start_timeout_ms;
    while ((await callLocalApi(socket, 'status', {}, signal)).kind === 'not_running') {
      if (hasEnded(child) || clock.monotonic_ms() > deadline_ms) throw await notUp(log_path);
      await clock.sleep(poll_ms, signal);
    }
  }

  async function end(how: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!agent || hasEnded(agent)) return;
    const ended = once(agent, 'exit');
    agent.kill(how);
    await ended;
  }

  async function close(): Promise<void> {
    const isClosed = new AbortController();
    const kill = clock.sleep(stop_timeout_ms, isClosed.signal).then(() => end('SIGKILL'));
    await end('SIGTERM');
    isClosed.abort();
    await Promise.allSettled([kill]);
    // An agent that was killed, and not started again, leaves its app.
    while (processes.left(app).length > 0) {
      processes.signal(app, 'SIGKILL');
      await clock.sleep(poll_ms);
    }
  }

  return {
    start,
    kill: () => end('SIGKILL'),
    pids: () => [...(agent?.pid === undefined || hasEnded(agent) ? [] : [agent.pid]), ...processes.left(app)],
    close,
  };
}

function spawnAgent({ agent = fromSources, config_path }: AgentProcessOptions, log_path: string): ChildProcess {
  const log = openSync(log_path, 'a');
  try {
    return spawn(process.execPath, [...agent, 'run', '--config', config_path], { stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
}

async function notUp(log_path: string): Promise<Error> {
  const said = (await readFile(log_path, 'utf8')).trim().split('\n').slice(-5).join(' | ');
  return new Error(`the agent did not come up: ${said || 'it said nothing'}; look at ${log_path}`);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
