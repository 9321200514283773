/** `kedge agent`: what runs on a device, and what a person there may ask of it. */

import { type AgentConfig, ownConfig } from '@kedge/agent/config';
import { pathsIn } from '@kedge/agent/device';
import { isOfTheDevice, isOutOfSpace, sentenceOf } from '@kedge/agent/failure';
import { Refused, type RouteBody, type RouteName } from '@kedge/agent/local-api';
import { answerOnce, readConfig, runDaemon } from '@kedge/agent/os/daemon';
import { callLocalApi, followEvents } from '@kedge/agent/os/local-api-client';
import { realBase } from '@kedge/agent/os/local-ports';
import type { Service } from '@kedge/agent/ports';
import { type Report, report as reportParser } from '@kedge/agent/report';
import { ownProgram } from '@kedge/agent/service/own-program';
import { channels } from '@kedge/core/channel';
import { parseWith } from '@kedge/core/parse';
import { absolute, type CommandIo, readArgs, refuseWords, required, runCommand, UsageError } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { tellExplanation, tellHistory, tellReport, tellStatus } from './agent/telling.ts';

const usage = `kedge agent COMMAND --config FILE [--json]
  run                     look after the app and its updates until stopped
  status                  what is installed, and whether it runs
  explain                 why it last updated, why it refused, and what it waits for
  history                 what happened, from the device's own log
  check [VERSION]         look for updates now; a version is installed without asking
  approve [VERSION]       install what waits; also lifts the pin of a version that failed here
  postpone HOURS          leave what waits for so long
  rollback                go back to the previous release; --lose-writes where its data cannot be kept
  channel NAME            follow another channel: ${channels.join(', ')}; default for that of FILE
  events                  follow what the agent does
  --config FILE  kedge.yaml by default, or KEDGE_CONFIG
  --own          of the agent itself, where FILE has it update itself
Without a running agent the same is answered from the disk.`;

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean', default: false },
  config: { type: 'string' },
  'lose-writes': { type: 'boolean', default: false },
  own: { type: 'boolean', default: false },
} as const;

const withArgument: ReadonlySet<string | undefined> = new Set(['check', 'approve', 'postpone', 'channel']);

type Asking = {
  readonly io: CommandIo;
  readonly config: AgentConfig;
  readonly json: boolean;
  readonly lose_writes: boolean;
  /** Stands in for the app when the question is of the agent itself, and no agent runs. */
  readonly service?: Service;
};

export function agent(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, () => orOneLine(io, () => carryOut(args, io)));
}

async function carryOut(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = readArgs(args, options, 2);
  const [command, argument] = positionals;
  if (argument !== undefined && !withArgument.has(command)) refuseWords([argument]);
  const path = absolute(values.config ?? io.env['KEDGE_CONFIG'] ?? 'kedge.yaml');
  const config = await readConfig(io.ports, path);
  if (!config) {
    io.err(`there is no configuration ${path}; name it with --config`);
    return exitCode.bad_input;
  }
  const asking = { io, config, json: values.json, lose_writes: values['lose-writes'] };
  return answer(values.own ? ofTheAgent(asking, path) : asking, command, argument);
}

/** @throws UsageError where the agent does not update itself */
function ofTheAgent(asking: Asking, path: string): Asking {
  const config = ownConfig(asking.config);
  if (!config) throw new UsageError(`--own needs the section "agent" in ${path}`);
  // What starts the agent here will start the release that is live then.
  const service = ownProgram({ clock: asking.io.ports.clock, version: null, restart: () => undefined });
  return { ...asking, config, service };
}

/** A device in trouble, such as a full disk or a folder of somebody else, is no bug. */
async function orOneLine(io: CommandIo, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!isOfTheDevice(error)) throw error;
    io.err(sentenceOf(error));
    return isOutOfSpace(error) ? exitCode.no_space : exitCode.failed;
  }
}

async function answer(asking: Asking, command: string | undefined, argument: string | undefined): Promise<number> {
  switch (command) {
    case 'run':
      return run(asking);
    case 'status':
      return ask(asking, 'status', {}, tellStatus);
    case 'explain':
      return ask(asking, 'explain', {}, tellExplanation);
    case 'history':
      return ask(asking, 'history', {}, tellHistory);
    case 'check':
      return askForReport(asking, 'check', argument === undefined ? {} : { version: argument });
    case 'approve':
      return ask(asking, 'approve', argument === undefined ? {} : { version: argument }, tellJson);
    case 'postpone':
      return ask(asking, 'postpone', { for_ms: hours_ms(argument) }, tellJson);
    case 'rollback':
      return askForReport(asking, 'rollback', { lose_writes: asking.lose_writes });
    case 'channel':
      return ask(asking, 'channel', { channel: channelNamed(argument) }, tellJson);
    case 'events':
      return follow(asking);
    default:
      throw new UsageError(command === undefined ? 'a command is missing' : `there is no command agent ${command}`);
  }
}

async function run({ io, config, service }: Asking): Promise<number> {
  if (service) throw new UsageError('"agent run" looks after the app and the agent: leave out --own');
  const ended = await runDaemon({ config, say: io.out, signal: io.signal });
  if (ended === 'stopped') return exitCode.ok;
  if (ended === 'restart') return exitCode.restart;
  io.err(`another agent works on ${config.folder}; stop it first, or name another configuration`);
  return exitCode.locked;
}

type Tell = (answer: unknown) => readonly string[];

async function ask<R extends RouteName>(asking: Asking, route: R, body: RouteBody<R>, tell: Tell): Promise<number> {
  const answered = await answerOf(asking, route, body);
  if (answered.kind === 'failed') {
    asking.io.err(answered.error);
    return answered.exit_code;
  }
  for (const line of asking.json ? [JSON.stringify(answered.value)] : tell(answered.value)) asking.io.out(line);
  return exitCode.ok;
}

async function askForReport<R extends 'check' | 'rollback'>(
  asking: Asking,
  route: R,
  body: RouteBody<R>,
): Promise<number> {
  const answered = await answerOf(asking, route, body);
  if (answered.kind === 'failed') {
    asking.io.err(answered.error);
    return answered.exit_code;
  }
  const report = parseWith(reportParser, answered.value, 'report');
  for (const line of asking.json ? [JSON.stringify(report)] : tellReport(report)) asking.io.out(line);
  return route === 'rollback' ? exitCode.ok : codeOf(report);
}

function codeOf({ kind, obstacle }: Report): number {
  if (obstacle === 'no_space') return exitCode.no_space;
  if (obstacle === 'unreachable') return exitCode.unreachable;
  switch (kind) {
    case 'up_to_date':
    case 'waiting':
    case 'updated':
      return exitCode.ok;
    case 'blocked':
      return exitCode.unreachable;
    case 'refused':
      return exitCode.refused;
    case 'dropped':
    case 'rolled_back':
      return exitCode.rolled_back;
    case 'failed':
    case 'unfinished':
      return exitCode.failed;
    default:
      return kind satisfies never;
  }
}

type Answered =
  | { readonly kind: 'answered'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly error: string; readonly exit_code: number };

/** From the agent that runs, else from the disk. */
async function answerOf<R extends RouteName>(asking: Asking, route: R, body: RouteBody<R>): Promise<Answered> {
  const { io, config, service } = asking;
  const answer = await callLocalApi(pathsIn(config.folder).socket, route, body, io.signal);
  if (answer.kind === 'answered') return answer;
  if (answer.kind === 'refused') return { kind: 'failed', error: answer.error, exit_code: answer.exit_code };
  try {
    const base = { ...realBase(), ...io.ports };
    const options = { config, say: io.err, signal: io.signal, base, ...(service ? { service } : {}) };
    const once = await answerOnce(options, route, body);
    if (once.kind === 'answered') return once;
    const error = `an agent works on ${config.folder} and does not answer: ${answer.reason}`;
    return { kind: 'failed', error, exit_code: exitCode.locked };
  } catch (error) {
    if (error instanceof Refused) return { kind: 'failed', error: error.message, exit_code: error.exit_code };
    throw error;
  }
}

async function follow({ io, config }: Asking): Promise<number> {
  const following = await followEvents(pathsIn(config.folder).socket, io.signal);
  if (following.kind !== 'following') {
    io.err(following.kind === 'refused' ? following.error : `no agent runs: ${following.reason}`);
    return following.kind === 'refused' ? following.exit_code : exitCode.not_running;
  }
  for await (const event of following.events) io.out(JSON.stringify(event));
  return exitCode.ok;
}

function tellJson(answer: unknown): readonly string[] {
  return [JSON.stringify(answer)];
}

function hours_ms(argument: string | undefined): number {
  const hours = Number(required(argument, 'the number of hours'));
  if (!(hours > 0)) throw new UsageError(`${argument} is no number of hours`);
  return Math.round(hours * 3_600_000);
}

function channelNamed(argument: string | undefined): RouteBody<'channel'>['channel'] {
  const given = required(argument, 'the channel');
  if (given === 'default') return null;
  const channel = channels.find((name) => name === given);
  if (channel === undefined) throw new UsageError(`there is no channel ${given}; there are ${channels.join(', ')}`);
  return channel;
}
