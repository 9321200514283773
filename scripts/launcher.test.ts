import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const launcher = resolve(import.meta.dirname, '../kedge');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-launcher-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Ended = { readonly code: number; readonly out: string; readonly err: string };

function run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((done) => {
    execFile(program, args, { cwd: folder, ...(env ? { env } : {}) }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

test('it runs the command line from another folder', async () => {
  expect(await run(launcher, ['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('kedge COMMAND') });
});

test('it runs through a symlink to a relative symlink', async () => {
  symlinkSync(launcher, join(folder, 'one'));
  symlinkSync('one', join(folder, 'two'));
  expect(await run(join(folder, 'two'), ['--help'])).toMatchObject({ code: 0, err: '' });
});

test('it passes its arguments and its exit code through', async () => {
  const { code, err } = await run(launcher, ['no such command']);
  expect(code).toBe(2);
  expect(err).toContain('there is no command no such command');
});

test('it looks for a Node again when a full disk or a power cut has left it none to use', async () => {
  mkdirSync(join(folder, 'node_modules'));
  mkdirSync(join(folder, 'packages/cli/src'), { recursive: true });
  copyFileSync(launcher, join(folder, 'kedge'));
  for (const copy of ['package-lock.json', 'node_modules/.kedge-package-lock.json'])
    writeFileSync(join(folder, copy), '{}');
  writeFileSync(join(folder, 'node_modules/.kedge-node'), '');
  symlinkSync(process.execPath, join(folder, 'node'));
  writeFileSync(join(folder, 'packages/cli/src/main.ts'), "console.log('it runs' as string);");
  const env = { PATH: `${folder}:/usr/bin:/bin` };
  expect(await run(join(folder, 'kedge'), [], env)).toEqual({ code: 0, out: 'it runs\n', err: '' });
});
