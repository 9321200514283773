import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { nodeNet } from '@kedge/trust/os/net';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Command, CommandIo } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { build } from './build.ts';
import { keys } from './keys.ts';
import { publish } from './publish.ts';
import { refresh } from './refresh.ts';
import { verify } from './verify.ts';
import { yank } from './yank.ts';

let folder: string;
let said: string[];
let io: CommandIo;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kedge-cli-'));
  said = [];
  io = {
    out: (line) => said.push(line),
    err: (line) => said.push(`! ${line}`),
    env: {},
    signal: new AbortController().signal,
    ports: { disk: nodeDisk, clock: systemClock, random: systemRandom, net: nodeNet(), sha256 },
  };
});
afterEach(() => rm(folder, { recursive: true }));

const at = () => ['--repository', `${folder}/repository`, '--keys', `${folder}/keys`];

async function buildRelease(version: string, counter: number): Promise<string> {
  await writeFile(`${folder}/app`, version);
  await nodeDisk.makeFolder(`${folder}/tree`);
  await nodeDisk.rename(`${folder}/app`, `${folder}/tree/app`);
  const release = {
    format: 'kedge-release/1',
    product: 'anchor',
    version,
    channel: 'stable',
    counter,
    severity: 'minor',
    released_at: '2026-05-01T00:00:00Z',
    platforms: { any: 'tree' },
    run: { command: ['app'] },
  };
  await writeFile(`${folder}/release.json`, JSON.stringify(release));
  expect(await build([`${folder}/release.json`, '--output', `${folder}/built`], io)).toBe(exitCode.ok);
  return `${folder}/built`;
}

describe('the publishing commands', () => {
  test('lead from nothing to a repository with a release that was taken back', async () => {
    expect(await keys(['init', ...at()], io)).toBe(exitCode.ok);
    const built = await buildRelease('1.0.0', 1);
    expect(await publish([built, ...at()], io)).toBe(exitCode.ok);
    expect(await publish([built, ...at()], io)).toBe(exitCode.nothing_to_do);
    expect(await keys(['rotate', 'stable', ...at()], io)).toBe(exitCode.ok);
    expect(await refresh(at(), io)).toBe(exitCode.ok);
    const why = ['--product', 'anchor', '--reason', 'drags', '--action', 'roll_back'];
    expect(await yank(['1.0.0', ...why, ...at()], io)).toBe(exitCode.ok);
    said.length = 0;
    expect(await verify(['--repository', `${folder}/repository`, '--json'], io)).toBe(exitCode.ok);
    expect(said).toEqual(['{"releases":1,"problems":[]}']);
    const [artifact = ''] = await readdir(`${folder}/repository/artifacts`);
    await rm(`${folder}/repository/artifacts/${artifact}`);
    expect(await verify(['--repository', `${folder}/repository`], io)).toBe(exitCode.refused);
  });

  test('end with the code of the trouble and one line about it', async () => {
    await keys(['init', ...at()], io);
    said.length = 0;
    expect(await publish([`${folder}/nothing`, ...at()], io)).toBe(exitCode.bad_input);
    expect(said.splice(0)).toEqual([expect.stringMatching(/^! .*run "kedge build" first$/)]);
    await publish([await buildRelease('1.0.0', 5), ...at()], io);
    const older = await buildRelease('1.1.0', 4);
    said.length = 0;
    expect(await publish([older, ...at()], io)).toBe(exitCode.refused);
    expect(said.splice(0)).toEqual(['! counter 4 is taken by 1.0.0: use 6 or more']);
    expect(await keys(['init', ...at()], io)).toBe(exitCode.refused);
    expect(await keys(['revoke', 'f'.repeat(64), ...at()], io)).toBe(exitCode.refused);
    const full: CommandIo = {
      ...io,
      ports: {
        ...io.ports,
        disk: {
          ...nodeDisk,
          open: () => Promise.reject(Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })),
        },
      },
    };
    expect(await refresh(at(), full)).toBe(exitCode.no_space);
  });

  test('take the passphrase from a file', async () => {
    await keys(['init', ...at()], io);
    expect(await refresh([...at(), '--passphrase-file', `${folder}/none`], io)).toBe(exitCode.bad_input);
    await writeFile(`${folder}/passphrase`, 'capstan\n');
    expect(await refresh([...at(), '--passphrase-file', `${folder}/passphrase`], io)).toBe(exitCode.ok);
  });

  test.each<[string, Command, readonly string[]]>([
    ['keys', keys, ['init', '--repository', '/r']],
    ['keys', keys, ['sell', '--repository', '/r', '--keys', '/k']],
    ['keys', keys, ['rotate', 'captain', '--repository', '/r', '--keys', '/k']],
    ['build', build, []],
    ['publish', publish, ['--keys', '/k']],
    ['verify', verify, ['--repozitory', '/r']],
    ['refresh', refresh, ['--repository', '/r']],
    ['yank', yank, ['1.0.0', '--product', 'anchor', '--reason', 'x', '--action', 'burn']],
  ])('%s says how it is used: %o', async (name, command, args) => {
    expect(await command(args, io)).toBe(exitCode.usage);
    expect(said.at(-1)).toContain(`kedge ${name}`);
    said.length = 0;
    expect(await command(['--help'], io)).toBe(exitCode.ok);
    expect(said).toEqual([expect.stringContaining(`kedge ${name}`)]);
  });
});
