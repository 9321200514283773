/** The agent on this machine: as a process that stays, or for one request of a person when none runs. */

import { makeFolderDurable } from '@kedge/trust/atomic-file';
import { type Agent, createAgent } from '../agent.ts';
import { type AgentConfig, ownConfig, parseConfig } from '../config.ts';
import { type Device, pathsIn } from '../device.ts';
import { createEventFeed, type EventFeed } from '../event-feed.ts';
import { sentenceOf } from '../failure.ts';
import { handlersFor } from '../handlers.ts';
import type { Handlers, RouteBody, RouteHandlers, RouteName } from '../local-api.ts';
import { type InTurn, oneAtATime } from '../one-at-a-time.ts';
import { openDevice } from '../open-device.ts';
import type { Service } from '../ports.ts';
import { ownProgram } from '../service/own-program.ts';
import { acquireInstanceLock } from './instance-lock.ts';
import { serveLocalApi } from './local-api.ts';
import { type Base, localPorts, realBase } from './local-ports.ts';
import { ownRelease } from './own-release.ts';

const config_bytes_max = 1024 * 1024;

/** @param path absolute. @throws InvalidInput */
export async function readConfig(base: Pick<Base, 'disk'>, path: string): Promise<AgentConfig | undefined> {
  const bytes = await base.disk.read(path, config_bytes_max);
  return bytes && parseConfig(new TextDecoder().decode(bytes), path);
}

export type DaemonOptions = {
  /** For `answerOnce`, it may be the one that `ownConfig` gives. */
  readonly config: AgentConfig;
  /** Told in one line what whoever watches the agent should know. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
  readonly base?: Base;
};

/**
 * `held`: another agent works on this folder. `stopped`: the signal was given, and nothing is left running. `restart`:
 * another release of the agent is live and is to be started; the app runs on.
 */
export async function runDaemon(options: DaemonOptions): Promise<'held' | 'stopped' | 'restart'> {
  const { say, config } = options;
  const restarting = new AbortController();
  const running = { ...options, signal: AbortSignal.any([options.signal, restarting.signal]), inTurn: oneAtATime() };
  const result = await withLock(running, async ({ device, agent, handlers }) => {
    await agent.recover();
    const api = await serveLocalApi({ path: device.paths.socket, handlers, log: say });
    try {
      say(`the agent of ${config.product} runs; it listens on ${device.paths.socket}`);
      await Promise.all([agent.run(), runOwnAgent({ ...running, id: device.id }, restarting)]);
    } finally {
      await api.close();
      if (!restarting.signal.aborted) await device.service.stop();
    }
  });
  if (result.kind === 'held') return 'held';
  return restarting.signal.aborted ? 'restart' : 'stopped';
}

/** The agent as a product that is updated itself. Whatever is wrong with that, the app's agent goes on. */
async function runOwnAgent(running: Opening, restarting: AbortController): Promise<void> {
  const { say, base = realBase() } = running;
  const config = ownConfig(running.config);
  if (!config) return;
  const version = ownRelease(config.folder);
  if (version === undefined) {
    say(`the agent does not update itself: it was not started from ${config.folder}/current`);
    return;
  }
  const restart = (next: string): void => {
    say(`the agent ends here, to be started again as ${next}`);
    restarting.abort(new Error('the agent is to be started again'));
  };
  const service = ownProgram({ clock: base.clock, version, restart });
  try {
    const result = await withLock({ ...running, config, service }, async ({ device, agent, handlers }) => {
      await agent.recover();
      const api = await serveLocalApi({ path: device.paths.socket, handlers, log: say });
      try {
        await agent.run();
      } finally {
        await api.close();
      }
    });
    if (result.kind === 'held') say(`the agent does not update itself now: another one works on ${config.folder}`);
  } catch (error) {
    say(`the agent does not update itself: ${sentenceOf(error)}`);
  }
}

/** These need the app; to look at a device, or to write down what its owner wants, must not start it. */
const starting: ReadonlySet<RouteName> = new Set(['check', 'rollback']);

/**
 * Answers one request as the agent would. An app that it starts goes on, and the next agent takes it over. An agent that
 * it installs is started by whatever starts agents here.
 */
export async function answerOnce<R extends RouteName>(
  options: DaemonOptions & { readonly service?: Service },
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

type Opening = DaemonOptions & {
  /** Instead of a supervised child. */
  readonly service?: Service;
  /** Of the device, where it is known. */
  readonly id?: string;
  readonly inTurn?: InTurn;
};

type Opened = { readonly device: Device; readonly agent: Agent; readonly handlers: Handlers; readonly feed: EventFeed };

async function withLock<T>(
  { config, say, signal, base = realBase(), service, id, inTurn }: Opening,
  work: (opened: Opened) => Promise<T>,
): Promise<{ readonly kind: 'held' } | { readonly kind: 'answered'; readonly value: T }> {
  const paths = pathsIn(config.folder);
  await makeFolderDurable(base.disk, paths.state, 0o700);
  const lock = acquireInstanceLock(paths.lock);
  if (lock.kind === 'held') return lock;
  const over = new AbortController();
  try {
    const feed = createEventFeed();
    const local = localPorts(config, say, base, over.signal);
    const ports = service ? { ...local, service } : local;
    const device = await openDevice({ config, ports, emit: feed.emit, signal, ...(id === undefined ? {} : { id }) });
    const agent = createAgent(device, inTurn);
    const value = await work({ device, agent, handlers: handlersFor(device, agent, feed), feed });
    await device.log.close();
    return { kind: 'answered', value };
  } finally {
    over.abort();
    lock.release();
  }
}
