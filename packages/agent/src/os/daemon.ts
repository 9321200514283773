/** The agent on this machine: as a process that stays, or for one request of a person when none runs. */

import { makeFolderDurable } from '@kedge/trust/atomic-file';
import { type Agent, createAgent } from '../agent.ts';
import { type AgentConfig, parseConfig } from '../config.ts';
import { type Device, pathsIn } from '../device.ts';
import { createEventFeed, type EventFeed } from '../event-feed.ts';
import { handlersFor } from '../handlers.ts';
import type { Handlers, RouteBody, RouteHandlers, RouteName } from '../local-api.ts';
import { openDevice } from '../open-device.ts';
import { acquireInstanceLock } from './instance-lock.ts';
import { serveLocalApi } from './local-api.ts';
import { type Base, localPorts, realBase } from './local-ports.ts';

const config_bytes_max = 1024 * 1024;

/** @param path absolute. @throws InvalidInput */
export async function readConfig(base: Pick<Base, 'disk'>, path: string): Promise<AgentConfig | undefined> {
  const bytes = await base.disk.read(path, config_bytes_max);
  return bytes && parseConfig(new TextDecoder().decode(bytes), path);
}

export type DaemonOptions = {
  readonly config: AgentConfig;
  /** Told in one line what whoever watches the agent should know. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly base?: Base;
};

/** `held`: another agent works on this folder. `stopped`: the signal was given, and nothing is left running. */
export async function runDaemon(options: DaemonOptions): Promise<'held' | 'stopped'> {
  const { say, config } = options;
  const result = await withLock(options, async ({ device, agent, handlers }) => {
    await agent.recover();
    const api = await serveLocalApi({ path: device.paths.socket, handlers, log: say });
    try {
      say(`the agent of ${config.product} runs; it listens on ${device.paths.socket}`);
      await agent.run();
    } finally {
      await api.close();
      await device.service.stop();
    }
  });
  return result.kind === 'held' ? 'held' : 'stopped';
}

/** These need the app; to look at a device, or to write down what its owner wants, must not start it. */
const starting: ReadonlySet<RouteName> = new Set(['check', 'rollback']);

/** Answers one request as the agent would. An app that it starts goes on, and the next agent takes it over. */
export async function answerOnce<R extends RouteName>(
  options: DaemonOptions,
  route: R,
  body: RouteBody<R>,
): Promise<{ readonly kind: 'held' } | { readonly kind: 'answered'; readonly value: unknown }> {
  return withLock(options, async ({ agent, handlers }) => {
    if (starting.has(route)) await agent.recover();
    return handle(handlers, route, body);
  });
}

function handle<R extends RouteName>(handlers: RouteHandlers, route: R, body: RouteBody<R>): Promise<unknown> {
  return handlers[route](body);
}

type Opened = { readonly device: Device; readonly agent: Agent; readonly handlers: Handlers; readonly feed: EventFeed };

async function withLock<T>(
  { config, say, signal, base = realBase() }: DaemonOptions,
  work: (opened: Opened) => Promise<T>,
): Promise<{ readonly kind: 'held' } | { readonly kind: 'answered'; readonly value: T }> {
  const paths = pathsIn(config.folder);
  await makeFolderDurable(base.disk, paths.state, 0o700);
  const lock = acquireInstanceLock(paths.lock);
  if (lock.kind === 'held') return lock;
  const over = new AbortController();
  try {
    const feed = createEventFeed();
    const ports = localPorts(config, say, base, over.signal);
    const device = await openDevice({ config, ports, emit: feed.emit, signal });
    const agent = createAgent(device);
    const value = await work({ device, agent, handlers: handlersFor(device, agent, feed), feed });
    await device.log.close();
    return { kind: 'answered', value };
  } finally {
    over.abort();
    lock.release();
  }
}
