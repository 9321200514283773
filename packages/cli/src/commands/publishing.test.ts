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

async function buildRelease(version: string, counter: number, product = 'anchor'): Promise<string> {
  await writeFile(`${folder}/app`, version);
  await nodeDisk.makeFolder(`${folder}/tree`);
  await nodeDisk.rename(`${folder}/app`, `${folder}/tree/app`);
  const release = {
    format: 'kedge-release/1',
    product,
    version,
    channel: 'stable',
    counter,
    severity: 'minor',
    released_at: '2026-05-01T00:00:00Z',
    platforms: { any: 'tree' },
    run: { command: ['app'] },
  };
  await writeFile(`${folder}/release.json`, JSON.stringify(release));
  const built = `${folder}/built-${product}`;
  expect(await build([`${folder}/release.json`, '--output', built], io)).toBe(exitCode.ok);
  return built;
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

  test('at the same time: one is told to come again, and nothing that was said to be published is lost', async () => {
    await keys(['init', ...at()], io);
    const [anchor, buoy] = [await buildRelease('1.0.0', 1), await buildRelease('1.0.0', 1, 'buoy')];
    const codes = await Promise.all([publish([anchor, ...at()], io), publish([buoy, ...at()], io)]);
    expect(codes.toSorted((a, b) => a - b)).toEqual([exitCode.ok, exitCode.locked]);
    expect(said).toContainEqual(expect.stringMatching(/^! .*wait until it is done, then try again$/));
    for (const built of [anchor, buoy]) expect(await publish([built, ...at()], io)).toBe(exitCode.ok);
    said.length = 0;
    expect(await verify(['--repository', `${folder}/repository`], io)).toBe(exitCode.ok);
    expect(said).toEqual(['All is right. Releases: 2.']);
  });

  test('print JSON alone where that is asked for', async () => {
    const json = [...at(), '--json'];
    expect(await keys(['init', ...json], io)).toBe(exitCode.ok);
    expect(await keys(['rotate', 'stable', ...json], io)).toBe(exitCode.ok);
    const [made = '', replaced = ''] = said.filter((line) => !line.startsWith('!'));
    expect(JSON.parse(made)).toEqual({ root: `${folder}/repository/metadata/1.root.json` });
    expect(JSON.parse(replaced)).toMatchObject({ role: 'stable', made: [expect.any(String)] });
  });

  test.each([
    ['a folder in place of release.json', () => build([folder, '--output', `${folder}/out`], io), exitCode.bad_input],
    [
      'a folder of somebody else',
      async () => {
        const open = () => Promise.reject(Object.assign(new Error('EACCES: no, open /keys'), { code: 'EACCES' }));
        return keys(['init', ...at()], { ...io, ports: { ...io.ports, disk: { ...nodeDisk, open } } });
      },
      exitCode.failed,
    ],
    [
      'a description that is much too long',
      async () => {
        await writeFile(`${folder}/release.json`, ' '.repeat(2_000_000));
        return build([`${folder}/release.json`, '--output', `${folder}/out`], io);
      },
      exitCode.bad_input,
    ],
  ])('say of %s in one line what is wrong', async (_, work, code) => {
    expect(await work()).toBe(code);
    expect(said).toEqual([expect.stringMatching(/^! .{20,}$/)]);
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
    ['publish', publish, ['one', 'two', '--repository', '/r', '--keys', '/k']],
    ['keys', keys, ['list', 'stable', 'beta', '--repository', '/r']],
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
