/** The agent as a process: killed, stopped and misconfigured. The app is the owner's, and does not go down with it. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { verifyLog } from '@kedge/agent/log';
import { callLocalApi } from '@kedge/agent/os/local-api-client';
import { nodeProcesses } from '@kedge/agent/os/processes';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { recordedProcess } from '../testing/recorded-process.ts';
import { createWorld, type World } from '../testing/world.ts';

const kedge = resolve(import.meta.dirname, '../../../cli/src/main.ts');
const processes = nodeProcesses();
const agents: ChildProcess[] = [];

let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.publish({ version: '1.0.0', counter: 1 });
  configure();
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await end(agent, 'SIGKILL');
  if (existsSync(inDevice('state/service.json'))) {
    processes.signal({ leader: await appProcess(), mark: inDevice('state/service.json') }, 'SIGKILL');
  }
  await world.close();
});

const inDevice = (path: string): string => join(world.device_folder, path);

function configure(more = ''): void {
  const lines = [
    'product: tiny',
    `repository: ['${world.url}']`,
    `root: ${world.repository}/metadata/1.root.json`,
    'folder: .',
    `variables: { port: '${world.port}' }`,
    more,
  ];
  writeFileSync(inDevice('kedge.yaml'), lines.join('\n'));
}

type Agent = { readonly process: ChildProcess; readonly said: () => string };

/** A look takes its turn: after it, and the one that the agent begins with, the release is installed. */
async function expectInstalled(): Promise<void> {
  expect(await callLocalApi(inDevice('state/agent.sock'), 'check', {})).toMatchObject({ kind: 'answered' });
  expect(await world.ask()).toMatchObject({ version: '1.0.0' });
}

/** `kedge agent run`, once it has said such a line or has ended. */
async function run(until: string): Promise<Agent> {
  const agent = spawn(process.execPath, [kedge, 'agent', 'run', '--config', inDevice('kedge.yaml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  agents.push(agent);
  let said = '';
  await new Promise<void>((done) => {
    const hear = (chunk: unknown): void => {
      said += String(chunk);
      if (said.includes(until)) done();
    };
    agent.stdout.on('data', hear);
    agent.stderr.on('data', hear);
    agent.once('close', () => done());
  });
  return { process: agent, said: () => said };
}

async function end(agent: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (agent.exitCode === null && agent.signalCode === null) {
    const exit = once(agent, 'exit');
    agent.kill(signal);
    await exit;
  }
  return agent.exitCode;
}

const appProcess = () => recordedProcess(inDevice('state/service.json'));

const log = () => ({ disk: nodeDisk, sha256, path: inDevice('log/events.jsonl') });

test('an agent that is killed leaves the app running, and the next one keeps that very process', async () => {
  const first = await run('listens on');
  await expectInstalled();
  await world.ask('kept', 'POST');
  const before = await appProcess();
  await end(first.process, 'SIGKILL');
  expect(processes.runs(before)).toBe(true);
  expect(await world.ask()).toMatchObject({ version: '1.0.0', rows: [{ text: 'kept' }] });

  const second = await run('listens on');
  expect(second.said()).toContain(`1.0.0 still runs, as process ${before.pid}, and is kept`);
  expect(await appProcess()).toEqual(before);
  expect(await world.ask()).toMatchObject({ version: '1.0.0' });

  expect(await end(second.process, 'SIGTERM')).toBe(0);
  expect(processes.runs(before)).toBe(false);
  await expect(world.ask()).rejects.toThrow();
  expect(existsSync(inDevice('state/agent.sock'))).toBe(false);
  expect(existsSync(inDevice('state/service.json'))).toBe(false);
});

test('a migration program outlives an agent that is killed, and is ended before the next one goes back', async () => {
  const first = await run('listens on');
  await expectInstalled();
  await world.ask('kept', 'POST');
  const gate = join(world.folder, 'gate');
  execFileSync('mkfifo', [gate]);
  await world.publish({
    version: '1.1.0',
    counter: 2,
    migration: 'none',
    programs: {
      'migrations/0002_slow.up': `#!/bin/sh\nread go < ${gate}\n`,
      'migrations/0002_slow.down': '#!/bin/sh\n',
    },
  });
  const asked = callLocalApi(inDevice('state/agent.sock'), 'check', {}).catch((error: unknown) => error);
  const writer = await open(gate, 'w');
  await end(first.process, 'SIGKILL');
  await asked;

  await run('listens on');
  await expect(writer.write('go')).rejects.toMatchObject({ code: 'EPIPE' });
  await writer.close();
  expect(await world.askUntil('1.0.0')).toMatchObject({ version: '1.0.0', rows: [{ text: 'kept' }] });
});

test('after a kill and a stop the chain of its log is whole, and a line that was changed is found', async () => {
  const first = await run('listens on');
  await expectInstalled();
  await end(first.process, 'SIGKILL');
  const second = await run('listens on');
  await end(second.process, 'SIGTERM');
  expect(await verifyLog(log())).toEqual({ kind: 'intact', line_count: expect.any(Number) });

  const lines = readFileSync(log().path, 'utf8').split('\n');
  const changed = lines.findIndex((line) => line.includes('"event":"updated"'));
  expect(changed).toBeGreaterThan(0);
  writeFileSync(log().path, lines.with(changed, (lines[changed] ?? '').replace('1.0.0', '1.0.1')).join('\n'));
  expect(await verifyLog(log())).toEqual({
    kind: 'broken',
    file: log().path,
    line: changed + 1,
    problem: 'was changed: its hash is another',
  });
  writeFileSync(log().path, lines.toSpliced(changed, 1).join('\n'));
  expect(await verifyLog(log())).toMatchObject({ kind: 'broken', line: changed + 1 });
});

test('a configuration that is wrong starts nothing and leaves nothing', async () => {
  configure('chanel: beta');
  const { process: agent, said } = await run('listens on');
  expect(await end(agent, 'SIGKILL')).toBe(3);
  expect(said()).toMatch(/^kedge: .*kedge\.yaml: chanel: is not known; did you mean "channel"\?\n$/);
  expect(readdirSync(world.device_folder)).toEqual(['kedge.yaml']);
});
