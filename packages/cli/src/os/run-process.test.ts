import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const main = resolve(import.meta.dirname, '../main.ts');

let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-process-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends a command that does not look out for it', async (signal) => {
  const release = join(folder, 'release.json');
  execFileSync('mkfifo', [release]);
  const options = ['--disable-warning=ExperimentalWarning', main, 'build', release, '--output', join(folder, 'out')];
  child = spawn(process.execPath, options, { stdio: 'inherit' });
  const ended = once(child, 'exit');
  // Opens as soon as the command reads, and then never gives it anything.
  const writer = await open(release, 'w');
  child.kill(signal);
  expect(await ended).toEqual([null, signal]);
  await writer.close();
});
