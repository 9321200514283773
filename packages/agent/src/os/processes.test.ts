import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Program } from '../service/processes.ts';
import { nodeProcesses } from './processes.ts';
import { processListing } from './processes-listing.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kedge-processes-'));
});

afterEach(async () => {
  nodeProcesses().signal({ leader: undefined, mark: root }, 'SIGKILL');
  await rm(root, { recursive: true });
});

function program(...command: string[]): Program {
  const environment = { PATH: process.env['PATH'] ?? '' };
  return { command, folder: root, environment, log_path: join(root, 'log', 'app.log'), mark: root };
}

describe('a process', () => {
  test('tells how it ended', async () => {
    const processes = nodeProcesses();
    expect(await (await processes.spawn(program('node', '-e', 'process.exit(7)'))).exited).toBe('exit code 7');
    const child = await processes.spawn(program('sleep', '600'));
    expect(processes.runs(child.identity)).toBe(true);
    processes.signal({ leader: child.identity, mark: root }, 'SIGKILL');
    expect(await child.exited).toBe('signal SIGKILL');
    expect(processes.runs(child.identity)).toBe(false);
  });

  test('leads a group of its own, so that what is sent to the agent does not reach it', async () => {
    const { identity } = await nodeProcesses().spawn(program('sleep', '600'));
    expect(processListing().one(identity.pid)?.group).toBe(identity.pid);
  });

  test('is not another one with the same number', async () => {
    const processes = nodeProcesses();
    const { identity } = await processes.spawn(program('sleep', '600'));
    const later = { pid: identity.pid, started: `${identity.started}1` };
    expect(processes.runs(later)).toBe(false);
    expect(processes.left({ leader: later, mark: 'another' })).toEqual([]);
    processes.signal({ leader: later, mark: 'another' }, 'SIGKILL');
    expect(processes.runs(identity)).toBe(true);
  });

  test('of a group is found by its leader, also after that has ended, and by its mark', async () => {
    const processes = nodeProcesses();
    // The inner one has another environment, so that only the group leads to it.
    const child = await processes.spawn(program('sh', '-c', 'env -i sleep 30 & exit 0'));
    await child.exited;
    const family = { leader: child.identity, mark: 'another' };
    expect(processes.left(family)).toHaveLength(1);
    // An agent that did not start it cannot know that the number still means the same group.
    expect(nodeProcesses().left(family)).toEqual([]);
    processes.signal(family, 'SIGKILL');
    while (processes.left(family).length > 0) await new Promise((resolve) => setImmediate(resolve));
    const marked = await processes.spawn(program('sleep', '600'));
    expect(nodeProcesses().left({ leader: undefined, mark: root })).toEqual([marked.identity.pid]);
  });

  test('prefers a program of the release to one on the PATH', async () => {
    await writeFile(join(root, 'sleep'), '#!/bin/sh\nexit 9\n', { mode: 0o755 });
    expect(await (await nodeProcesses().spawn(program('sleep', '600'))).exited).toBe('exit code 9');
  });

  test('is given the Node that runs the agent, without any PATH', async () => {
    const script = 'require("fs").writeFileSync("node", process.execPath)';
    const child = await nodeProcesses().spawn({ ...program('node', '-e', script), environment: {} });
    expect(await child.exited).toBe('exit code 0');
    expect(await readFile(join(root, 'node'), 'utf8')).toBe(process.execPath);
  });
});

describe('the log of an app', () => {
  test('goes on at the next start, and is rotated when it has grown too long', async () => {
    const processes = nodeProcesses();
    const say = async (word: string) => (await processes.spawn(program('echo', word))).exited;
    const log = (name: string) => readFile(join(root, 'log', name), 'utf8');
    await say('one');
    await say('two');
    expect(await log('app.log')).toBe('one\ntwo\n');
    for (const word of ['three', 'four', 'five', 'six']) {
      await truncate(join(root, 'log', 'app.log'), 10_000_001);
      await say(word);
    }
    expect(await log('app.log')).toBe('six\n');
    expect((await log('app.log.1')).slice(0, 5)).toBe('five\n');
    expect((await log('app.log.3')).slice(0, 6)).toBe('three\n');
    expect(await readdir(join(root, 'log'))).toEqual(['app.log', 'app.log.1', 'app.log.2', 'app.log.3']);
  });
});

describe('the listing of processes', () => {
  test('of ps agrees with that of /proc', async () => {
    const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    try {
      for (const platform of ['linux', 'darwin'] as const) {
        const listing = processListing(platform);
        expect(listing.one(pid)).toMatchObject({ pid, group: pid, zombie: false });
        expect(listing.all().find((each) => each.pid === pid)).toMatchObject({ group: pid, zombie: false });
      }
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    for (const platform of ['linux', 'darwin'] as const) expect(processListing(platform).one(pid)).toBeUndefined();
  });
});
