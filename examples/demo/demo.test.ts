import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { errorCode } from '@kedge/core/ports';
import { afterEach, beforeEach, expect, test } from 'vitest';

const kedge = resolve(import.meta.dirname, '../../packages/cli/src/main.ts');
const timeout_ms = 120_000;

let folder: string;
let demo: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
});
afterEach(() => {
  demo?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

test('the demo shows its scenes in order, ends with a result, and leaves nothing behind', {
  timeout: timeout_ms,
}, async () => {
  const { code, lines } = await runDemo(() => {});
  expect(code).toBe(0);
  const titles = lines.filter(({ kind }) => kind === 'scene').map(({ title }) => title);
  expect(titles).toEqual([
    expect.stringMatching(/^Install/),
    expect.stringMatching(/^Update/),
    expect.stringMatching(/^A bad release/),
    expect.stringMatching(/^kill -9/),
    expect.stringMatching(/^A hostile repository/),
  ]);
  const last = lines.at(-1);
  expect(last).toMatchObject({ kind: 'result', ok: true, kept: null });
  expect(last?.rows?.filter(({ product }) => product === 'recorder').map(({ outcome }) => outcome)).toEqual([
    'updated',
    'updated',
    'updated',
    'rolled_back',
    'killed',
    'updated',
    'refused',
    'refused',
    'updated',
  ]);
  expectNothingLeft(lines);
});

test('a demo that is interrupted in the middle of an update ends what it started', {
  timeout: timeout_ms,
}, async () => {
  const { code, lines } = await runDemo((line) => {
    if (line.kind === 'event' && line.event?.state === 'SWITCHED') demo?.kill('SIGINT');
  });
  expect(code).toBe(130);
  expectNothingLeft(lines);
});

type Line = {
  readonly kind: string;
  readonly title?: string;
  readonly pids?: readonly number[];
  readonly event?: { readonly state?: string };
  readonly rows?: readonly { readonly product: string; readonly outcome: string }[];
};

async function runDemo(
  hear: (line: Line) => void,
): Promise<{ readonly code: unknown; readonly lines: readonly Line[] }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', kedge, 'demo', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
  });
  demo = child;
  const ended = once(child, 'exit');
  const lines: Line[] = [];
  for await (const text of createInterface(child.stdout)) {
    const line: Line = JSON.parse(text);
    lines.push(line);
    hear(line);
  }
  const [code] = await ended;
  return { code, lines };
}

function expectNothingLeft(lines: readonly Line[]): void {
  const pids = lines.flatMap(({ pids = [] }) => pids);
  expect(pids.length).toBeGreaterThan(1);
  expect(pids.filter((pid) => isRunning(pid))).toEqual([]);
  // Agents and apps are told in which folder their files are.
  const processes = execFileSync('ps', ['-eo', 'args='], { encoding: 'utf8' }).split('\n');
  expect(processes.filter((command) => command.includes(folder))).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return false;
    throw error;
  }
}
