/** The agent's updates of itself, as processes: what looks after the app is replaced, and the app does not notice. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callLocalApi } from '@kedge/agent/os/local-api-client';
import { nodeProcesses } from '@kedge/agent/os/processes';
import { recordedProcess } from '@kedge/sim/testing/recorded-process';
import { createWorld, type World } from '@kedge/sim/testing/world';
import { systemClock } from '@kedge/trust/os/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildAgent } from './build-agent.ts';

const exit_code_restart = 75;
const processes = nodeProcesses();
const agents: ChildProcess[] = [];
let world: World;
let bundle = '';

beforeEach(async () => {
  world = await createWorld();
  await world.publish({ version: '1.0.0', counter: 1 });
  bundle = await buildAgent(join(world.folder, 'shipped'));
  writeFileSync(
    inDevice('kedge.yaml'),
    `
product: tiny
repository: ['${world.url}']
root: ${world.repository}/metadata/1.root.json
folder: .
variables: { port: '${world.port}' }
agent: { product: kedge-agent }
`,
  );
});

afterEach(async () => {
  for (const agent of agents.splice(0)) {
    if (agent.exitCode !== null || agent.signalCode !== null) continue;
    const exit = once(agent, 'exit');
    agent.kill('SIGKILL');
    await exit;
  }
  if (existsSync(inDevice('state/service.json'))) {
    processes.signal({ leader: await appProcess(), mark: inDevice('state/service.json') }, 'SIGKILL');
  }
  await world.close();
});

const inDevice = (path: string): string => join(world.device_folder, path);
const ownSocket = () => inDevice('agent/state/agent.sock');

async function publishAgent(version: string, program = readFileSync(bundle, 'utf8'), check = '--help'): Promise<void> {
  await world.publish({
    version,
    counter: Number(version.replaceAll('.', '')),
    severity: 'patch',
    migration: 'none',
    programs: { 'kedge-agent.cjs': program },
    fields: {
      product: 'kedge-agent',
      run: { command: ['node', 'kedge-agent.cjs'] },
      data: undefined,
      migrations: undefined,
      checks: [
        { kind: 'command', name: 'starts', command: [process.execPath, 'kedge-agent.cjs', check] },
        { kind: 'repository', name: 'looks' },
      ],
    },
  });
}

/** By the launcher that the agent is shipped with, as a service manager does it. */
function launch(...args: readonly string[]): ChildProcess {
  const launcher = join(world.folder, 'shipped/kedge-agent');
  const agent = spawn('sh', [launcher, world.device_folder, ...args, '--config', inDevice('kedge.yaml')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KEDGE_NODE: process.execPath },
  });
  agents.push(agent);
  return agent;
}

/** Resolves when it looks after the app and itself, or has ended. */
async function run(): Promise<ChildProcess> {
  const agent = launch('run');
  const exit = once(agent, 'exit');
  for (let isUp = false; !isUp && agent.exitCode === null; ) {
    const answer = await callLocalApi(ownSocket(), 'status', {});
    isUp = answer.kind === 'answered';
    if (!isUp) await Promise.race([exit, systemClock.sleep(20)]);
  }
  return agent;
}

async function exitOf(agent: ChildProcess): Promise<unknown> {
  if (agent.exitCode === null) await once(agent, 'exit');
  return agent.exitCode;
}

/** The agent looks for a release of itself, which ends it. */
async function lookForItself(agent: ChildProcess): Promise<void> {
  await Promise.all([callLocalApi(ownSocket(), 'check', {}).catch(() => undefined), exitOf(agent)]);
  expect(agent.exitCode).toBe(exit_code_restart);
}

const appProcess = () => recordedProcess(inDevice('state/service.json'));

async function ownStatus(): Promise<unknown> {
  const answer = await callLocalApi(ownSocket(), 'status', {});
  return answer.kind === 'answered' ? answer.value : answer;
}

/** 2.0.0 of the agent runs 1.0.0 of the app. */
async function installed(): Promise<ChildProcess> {
  await publishAgent('2.0.0');
  expect(await exitOf(launch('check', '--own'))).toBe(0);
  expect(readlinkSync(inDevice('agent/current'))).toBe('releases/2.0.0');
  const agent = await run();
  expect(await callLocalApi(inDevice('state/agent.sock'), 'check', {})).toMatchObject({ kind: 'answered' });
  await world.askUntil('1.0.0');
  return agent;
}

test('a new release of the agent takes over the very process of the app, and proves itself', async () => {
  const first = await installed();
  const app = await appProcess();
  await publishAgent('2.1.0');
  await lookForItself(first);
  expect(processes.runs(app)).toBe(true);

  const second = await run();
  expect(await ownStatus()).toMatchObject({ installed: '2.1.0', previous: '2.0.0', journal: 'COMPLETE' });
  expect(readFileSync(`/proc/${second.pid}/cmdline`, 'utf8')).toContain('kedge-agent.cjs');
  expect(readlinkSync(inDevice('agent/previous'))).toBe('releases/2.0.0');
  expect(await appProcess()).toEqual(app);
  expect(await world.ask()).toMatchObject({ version: '1.0.0' });
});

test('one that fails its checks goes back to the one before it by itself, and is not tried again', async () => {
  const first = await installed();
  const app = await appProcess();
  await publishAgent('2.1.0', undefined, '--no-such-option');
  await lookForItself(first);

  expect(await exitOf(launch('run'))).toBe(exit_code_restart);
  const third = await run();
  expect(await ownStatus()).toMatchObject({ installed: '2.0.0', pinned_out: [{ version: '2.1.0' }] });
  expect(await callLocalApi(ownSocket(), 'check', {})).toMatchObject({ value: { kind: 'refused' } });
  expect(third.exitCode).toBeNull();
  expect(await appProcess()).toEqual(app);
});

test('one that cannot even start is left once its link is moved back by hand', async () => {
  const first = await installed();
  const app = await appProcess();
  await publishAgent('2.1.0', 'process.exit(process.argv[2] === "--help" ? 0 : 1)');
  await lookForItself(first);
  expect(await exitOf(launch('run'))).toBe(1);
  expect(readlinkSync(inDevice('agent/previous'))).toBe('releases/2.0.0');

  // The shell line of docs/configuration.md.
  const line = 'ln -s "$(readlink previous)" current.new && mv -T current.new current';
  execFileSync('sh', ['-c', line], { cwd: inDevice('agent') });
  await run();
  expect(await ownStatus()).toMatchObject({ installed: '2.0.0', pinned_out: [{ version: '2.1.0' }] });
  expect(existsSync(inDevice('agent/releases/2.1.0'))).toBe(false);
  expect(await appProcess()).toEqual(app);
  expect(await world.ask()).toMatchObject({ version: '1.0.0' });
});
