import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
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

function run(program: string, args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(program, args, { cwd: folder }, (error, out, err) => {
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
