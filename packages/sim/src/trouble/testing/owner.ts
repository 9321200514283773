/** The owner of a device: writes its `kedge.yaml` and calls `kedge agent`, a real process with real exit codes. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { createWorld, type World } from '../../testing/world.ts';

const command = resolve(import.meta.dirname, '../../../../cli/src/main.ts');

export type Ended = { readonly code: number | null; readonly out: readonly string[]; readonly err: readonly string[] };

export type Owner = {
  readonly world: World;
  readonly config: string;
  /** Writes the configuration anew, with more lines. */
  configure(more: string, instead?: { readonly repository?: string; readonly folder?: string }): void;
  kedge(words: string, user?: { readonly uid: number; readonly gid: number }): Promise<Ended>;
  /** `agent run`, once it says that it runs. */
  run(): Promise<ChildProcess>;
  /** The app answers with this version and every row that was ever written. */
  expectWorking(version: string): Promise<void>;
  /** Also where neither agent nor app runs. */
  expectNextInstalled(): Promise<void>;
  /** All is as before the trouble, and once that is over the next good release is installed. */
  expectNothingLost(): Promise<void>;
  /** As a power cut does to the app. */
  endApp(): Promise<void>;
  close(): Promise<void>;
};

/** A device with 1.0.0 and a row, on which no agent runs. */
export async function ownerOfDevice(): Promise<Owner> {
  const world = await createWorld();
  const owner = ownerIn(world);
  owner.configure('');
  return owner;
}

export async function ownerOfInstalled(): Promise<Owner> {
  const owner = await ownerOfDevice();
  await owner.world.publish({ version: '1.0.0', counter: 1 });
  await installFirst(owner);
  return owner;
}

export async function installFirst(owner: Owner): Promise<void> {
  const { code, out, err } = await owner.kedge('check');
  expect({ code, err, first: out[0] }).toEqual({ code: 0, err: [], first: 'updated 1.0.0' });
  await owner.world.ask('kept', 'POST');
}

function ownerIn(world: World): Owner {
  const { device_folder } = world;
  const config = join(device_folder, 'kedge.yaml');
  const agents: ChildProcess[] = [];
  const start = (words: string, user = {}): ChildProcess => {
    const args = [command, 'agent', ...words.split(' '), '--config', config];
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], ...user });
  };
  const owner: Owner = {
    world,
    config,
    configure(more, { repository = world.url, folder = '.' } = {}) {
      const root = `${world.repository}/metadata/1.root.json`;
      const lines = ['product: tiny', `repository: ['${repository}']`, `root: ${root}`, `folder: ${folder}`];
      writeFileSync(config, [...lines, `variables: { port: '${world.port}' }`, more].join('\n'));
    },
    async kedge(words, user) {
      const agent = start(words, user);
      const [out, err] = [linesOf(agent.stdout), linesOf(agent.stderr)];
      const [code] = await once(agent, 'exit');
      return { code: typeof code === 'number' ? code : null, out: await out, err: await err };
    },
    async run() {
      const agent = start('run');
      agents.push(agent);
      const said = agent.stdout?.iterator({ destroyOnReturn: false }) ?? [];
      for await (const chunk of said) if (String(chunk).includes('it listens on')) break;
      agent.stdout?.resume();
      return agent;
    },
    async expectWorking(version) {
      expect(await world.askUntil(version)).toMatchObject({ version, rows: [{ text: 'kept' }] });
    },
    async expectNothingLost() {
      await owner.expectWorking('1.0.0');
      await owner.expectNextInstalled();
    },
    async expectNextInstalled() {
      await world.publish({ version: '1.9.0', counter: 9 });
      const { code, out } = await owner.kedge('check');
      expect({ code, first: out[0] }).toEqual({ code: 0, first: 'updated 1.0.0 -> 1.9.0' });
      await owner.expectWorking('1.9.0');
    },
    async endApp() {
      for (const agent of agents) await stop(agent);
      endApp(device_folder);
    },
    async close() {
      await owner.endApp();
      await world.close();
    },
  };
  return owner;
}

export async function stop(agent: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (agent.exitCode !== null || agent.signalCode !== null) return;
  const ended = once(agent, 'exit');
  agent.kill(signal);
  await ended;
}

/** The app outlives a `kedge agent check`, and leads its own group of processes. */
function endApp(device_folder: string): void {
  const record = readOr(join(device_folder, 'state/service.json'), '');
  const pid = Number(/"pid":(\d+)/.exec(record)?.[1]);
  if (!(pid > 0)) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

async function linesOf(stream: NodeJS.ReadableStream | null): Promise<readonly string[]> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text.split('\n').filter((line) => line !== '');
}
