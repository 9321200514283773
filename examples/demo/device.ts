/** A device: a folder, and an agent in it that is asked over its local API. */

import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentEvent, pathsIn } from '@kedge/agent/device';
import type { RouteBody, RouteName } from '@kedge/agent/local-api';
import { callLocalApi, followEvents } from '@kedge/agent/os/local-api-client';
import { type Report, report as reportParser } from '@kedge/agent/report';
import type { JournalState } from '@kedge/core/journal';
import { parseWith } from '@kedge/core/parse';
import type { Clock } from '@kedge/core/ports';
import { agentEvent } from './agent-event.ts';
import { type AgentProcess, agentProcess } from './agent-process.ts';
import { freePort } from './port.ts';

export type Device = Pick<AgentProcess, 'start' | 'pids' | 'close'> & {
  readonly product: string;
  /** Where its app listens. */
  readonly url: string;
  /** Absolute. */
  readonly data_folder: string;
  releaseFolder(version: string): string;
  ask<R extends RouteName>(route: R, body: RouteBody<R>): Promise<unknown>;
  /** Has it look for updates now. A version is installed without asking. */
  check(hear: Hear, version?: string): Promise<Report>;
  /** Has it look for updates, and kills the agent as soon as its journal has come to that state. */
  checkAndKillAt(state: JournalState, hear: Hear): Promise<void>;
  /** From its next start on it has only these sources. */
  configure(sources: readonly string[]): Promise<void>;
};

export type Hear = (event: AgentEvent) => void;

export type DeviceOptions = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Absolute. */
  readonly folder: string;
  readonly product: string;
  readonly source: string;
  /** The file to trust from the start. */
  readonly root: string;
  /** For each severity that the demo's releases have. */
  readonly rule: 'now' | 'never';
  readonly agent?: readonly string[];
};

export async function openDevice(options: DeviceOptions): Promise<Device> {
  const { signal, folder, product } = options;
  await mkdir(folder, { recursive: true });
  await copyFile(options.root, join(folder, 'root.json'));
  const port = await freePort();
  const config_path = join(folder, 'kedge.yaml');
  const configure = (sources: readonly string[]) => writeFile(config_path, configOf(options, sources, port));
  await configure([options.source]);
  const agent = agentProcess({ ...options, config_path });
  const { socket } = pathsIn(folder);

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
    const [worked] = await Promise.all([work().finally(() => over.abort()), heard]);
    return worked;
  }

  async function check(version?: string): Promise<Report> {
    return parseWith(reportParser, await ask('check', version === undefined ? {} : { version }), 'report');
  }

  async function checkAndKillAt(state: JournalState, hear: Hear): Promise<void> {
    const killed = Promise.withResolvers<void>();
    const hearAndKill: Hear = (event) => {
      hear(event);
      if (event.kind === 'state' && event.state === state) killed.resolve(agent.kill());
    };
    await hearing(hearAndKill, async () => {
      // The dead do not answer: that the request breaks off is what was asked for.
      const [answered] = await Promise.allSettled([check()]);
      if (answered.status === 'fulfilled') throw new Error(`the update never came to ${state}`);
      signal.throwIfAborted();
      await killed.promise;
    });
  }

  return {
    ...agent,
    product,
    url: `http://127.0.0.1:${port}`,
    data_folder: join(folder, 'data'),
    releaseFolder: (version) => join(folder, 'releases', version),
    ask,
    check: (hear, version) => hearing(hear, () => check(version)),
    checkAndKillAt,
    configure,
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
