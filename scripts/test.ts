/** `./kedge test`: types, format, lint and every test, and by name what could not be run here. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type CommandIo, readArgs, runCommand } from '../packages/cli/src/command.ts';

const root = resolve(import.meta.dirname, '..');
const usage = `usage: kedge test [--no-skips] [FILTER ...]

Checks types, format and lint, then runs the tests whose path has one of the filters in it, or all.
  --no-skips   a test that cannot run here is a failure`;

type Count = { passed: number; failed: number; readonly skipped: string[] };

const checks = [
  { name: 'types', command: ['tsc'] },
  { name: 'format', command: ['biome', 'ci', '--error-on-warnings'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
] as const;

const options = {
  help: { type: 'boolean', short: 'h' },
  'no-skips': { type: 'boolean', default: false },
} as const;

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values, positionals: filters } = readArgs(args, options, Infinity);
    const count: Count = { passed: 0, failed: 0, skipped: [] };
    for (const { name, command } of filters.length > 0 ? [] : checks) {
      const isFine = (await run(command)) === 0;
      io.out(`${isFine ? 'ok  ' : 'FAIL'} ${name}`);
      count[isFine ? 'passed' : 'failed'] += 1;
    }
    await runTests(filters, count);
    for (const name of count.skipped) io.out(`not run: ${name}`);
    if (values['no-skips']) count.failed += count.skipped.length;
    io.out(`${count.passed} passed, ${count.failed} failed`);
    return count.failed === 0 ? 0 : 1;
  });
}

async function runTests(filters: readonly string[], count: Count): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-test-'));
  const output = join(folder, 'results.json');
  try {
    const code = await run([
      'vitest',
      'run',
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${output}`,
      ...filters,
    ]);
    const { passed, failed, skipped } = readResults(output);
    count.passed += passed;
    // A file that cannot even be loaded has no test that failed.
    count.failed += failed === 0 && code !== 0 ? 1 : failed;
    count.skipped.push(...skipped);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The title of a suite that cannot run here says why. */
function readResults(output: string): Count {
  const results = JSON.parse(readFileSync(output, 'utf8'));
  const count: Count = { passed: results.numPassedTests, failed: results.numFailedTests, skipped: [] };
  for (const file of results.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'pending' || test.status === 'skipped') count.skipped.push(test.fullName);
    }
  }
  return count;
}

/** With the Node that runs this, whatever the machine's own one is. */
function run(command: readonly string[]): Promise<number> {
  const path = `${dirname(process.execPath)}:${join(root, 'node_modules/.bin')}:${process.env['PATH']}`;
  return new Promise((done, failed) => {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PATH: path },
    });
    child.on('error', failed);
    child.on('exit', (code) => done(code ?? 1));
  });
}
