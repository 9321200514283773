/** The app as a child of the agent: started, restarted when it ends by itself, stopped with all that it started. */

import type { Clock, Disk } from '@kedge/core/ports';
import { oneAtATime } from '../one-at-a-time.ts';
import type { LocalRelease, Service, ServiceState } from '../ports.ts';
import { endFamily } from './ending.ts';
import { environmentOf, expandedCommand, type Surroundings } from './environment.ts';
import { pause } from './pause.ts';
import type { Processes, ProcessIdentity } from './processes.ts';
import { readRecord, type ServiceRecord, writeRecord } from './record.ts';
import { afterExit, noExits } from './restarts.ts';

const adopted_poll_ms = 1_000;
const stop_timeout_unknown_ms = 10_000;

export type SupervisedChildOptions = Surroundings & {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly disk: Disk;
  /** Absolute, and there. `service.json` is kept in it. */
  readonly state_folder: string;
  /** Absolute. `app.log` is written in it. */
  readonly log_folder: string;
  /** Told in one line whatever a person reading the agent's log should know. */
  readonly log: (line: string) => void;
  /** Aborted: the app is no longer looked after, and runs on for the next agent to take over. */
  readonly let_go?: AbortSignal;
};

/** Its first process is a child of this agent or of an earlier one. `exited` also settles when it is no longer awaited. */
type Running = { readonly leader: ProcessIdentity; readonly since_ms: number; readonly exited: Promise<string> };

type Supervision = {
  readonly release: LocalRelease;
  /** Aborted: the app is no longer to be restarted. */
  readonly ending: AbortController;
  running: Running;
  state: ServiceState;
  /** Settles when the app is no longer looked after. */
  done: Promise<void>;
};

export function supervisedChild(options: SupervisedChildOptions): Service {
  const { clock, processes, disk, state_folder, log_folder, log, let_go } = options;
  const record_path = serviceRecordPath(state_folder);
  let supervision: Supervision | undefined;
  /** Not so at first: an earlier agent may have left the app running. */
  let isStopped = false;
  const inTurn = oneAtATime();
  let_go?.addEventListener('abort', () => supervision?.ending.abort());

  async function start(release: LocalRelease): Promise<void> {
    const { version } = release.manifest;
    if (supervision?.release.manifest.version === version && supervision.state.kind === 'running') return;
    const ending = new AbortController();
    let running = isStopped || supervision ? undefined : await adopt(version, ending.signal);
    if (!running) {
      if (!isStopped) await stop();
      running = await launch(release);
    }
    isStopped = false;
    const state: ServiceState = { kind: 'running', since_ms: running.since_ms, restarts: 0 };
    supervision = { release, ending, running, state, done: Promise.resolve() };
    supervision.done = lookAfter(supervision);
  }

  async function stop(): Promise<void> {
    supervision?.ending.abort();
    await supervision?.done;
    if (supervision) await endOf(supervision);
    else await endOfEarlier();
    await disk.removeFile(record_path);
    supervision = undefined;
    isStopped = true;
  }

  function endOf({ running, release }: Supervision): Promise<void> {
    const { stop_timeout_ms } = release.manifest.run;
    const family = { leader: running.leader, mark: record_path };
    return endFamily({ clock, processes, family, stop_timeout_ms, exited: running.exited });
  }

  async function endOfEarlier(): Promise<void> {
    const record = await readRecord(disk, record_path);
    const family = { leader: record && identityIn(record), mark: record_path };
    const stop_timeout_ms = record?.stop_timeout_ms ?? stop_timeout_unknown_ms;
    await endFamily({ clock, processes, family, stop_timeout_ms, exited: Promise.resolve() });
  }

  /** What an earlier agent left running when it was killed, if it is this version. */
  async function adopt(version: string, signal: AbortSignal): Promise<Running | undefined> {
    const record = await readRecord(disk, record_path);
    if (record?.version !== version) return undefined;
    const leader = identityIn(record);
    if (!processes.runs(leader)) return undefined;
    log(`${version} still runs, as process ${leader.pid}, and is kept`);
    return { leader, since_ms: record.since_ms, exited: endOfAdopted(leader, signal) };
  }

  /** It is not our child, so no event tells. */
  async function endOfAdopted(leader: ProcessIdentity, signal: AbortSignal): Promise<string> {
    while (!signal.aborted && processes.runs(leader)) await pause(clock, adopted_poll_ms, signal);
    return 'an exit code that only the earlier agent could know';
  }

  async function launch(release: LocalRelease): Promise<Running> {
    const { version, run } = release.manifest;
    const since_ms = clock.now_ms();
    const { identity, exited } = await processes.spawn({
      command: expandedCommand(run.command, release, options),
      folder: release.folder,
      environment: environmentOf(release, options),
      log_path: `${log_folder}/app.log`,
      mark: record_path,
    });
    await keepRecord({ version, ...identity, since_ms, stop_timeout_ms: run.stop_timeout_ms });
    return { leader: identity, since_ms, exited };
  }

  /** A full disk must not keep the app down: without a record, the next agent finds it by its mark and restarts it. */
  async function keepRecord(record: ServiceRecord): Promise<void> {
    try {
      await writeRecord(disk, record_path, record);
    } catch (error) {
      log(`cannot write ${record_path}: ${messageOf(error)}; is its disk full?`);
    }
  }

  /** Restarts the app whenever it ends by itself, until it is to end or is in a crash loop. */
  async function lookAfter(supervised: Supervision): Promise<void> {
    const { release, ending } = supervised;
    const { signal } = ending;
    const { version } = release.manifest;
    const over = aborted(signal);
    let exits = noExits;
    let started_ms = clock.monotonic_ms();
    let last_exit = await Promise.race([supervised.running.exited, over]);
    for (let restarts = 1; !signal.aborted; restarts += 1) {
      const next = afterExit(exits, started_ms, clock.monotonic_ms());
      exits = next.exits;
      supervised.state = {
        kind: next.kind === 'restart' ? 'backing_off' : 'crash_loop',
        exits: exits.recent_ms.length,
        last_exit,
      };
      if (next.kind === 'crash_loop') {
        log(`${version} is in a crash loop and is not started again; it last ended with ${last_exit}`);
        return;
      }
      log(`${version} ended with ${last_exit}; it is started again in ${next.after_ms} ms`);
      await pause(clock, next.after_ms, signal);
      if (signal.aborted) return;
      started_ms = clock.monotonic_ms();
      const again = await launchAgain(supervised);
      if (again.kind === 'failed') {
        last_exit = again.reason;
        continue;
      }
      supervised.running = again.running;
      supervised.state = { kind: 'running', since_ms: again.running.since_ms, restarts };
      last_exit = await Promise.race([again.running.exited, over]);
    }
  }

  /** That it cannot be started any more counts as one more exit. */
  async function launchAgain(
    supervised: Supervision,
  ): Promise<{ kind: 'running'; running: Running } | { kind: 'failed'; reason: string }> {
    try {
      // What the first process left behind still holds the app's port and its files.
      await endOf(supervised);
      return { kind: 'running', running: await launch(supervised.release) };
    } catch (error) {
      return { kind: 'failed', reason: messageOf(error) };
    }
  }

  return {
    start: (release) => inTurn(() => start(release)),
    stop: () => inTurn(stop),
    state: () => supervision?.state ?? { kind: 'stopped' },
  };
}

/** It is also the mark of all processes that belong to the app. */
export function serviceRecordPath(state_folder: string): string {
  return `${state_folder}/service.json`;
}

function identityIn(record: ServiceRecord): ProcessIdentity {
  return { pid: record.pid, started: record.started };
}

function aborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('a stop'), { once: true });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
