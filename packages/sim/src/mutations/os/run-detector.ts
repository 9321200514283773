/** Runs a detector in a copy of the sources, as a process of its own, and reads what it says. */

import { spawn } from 'node:child_process';
import { text as textOf } from 'node:stream/consumers';
import { type Finding, readFinding } from '../finding.ts';
import type { Detector } from '../mutation.ts';

const timeout_ms = 300_000;
/** A machine that is busy is not a test that hangs. */
const test_timeout_ms = 60_000;

/** Rejects only with the signal's reason, or when no process can be started. */
export async function runDetector(folder: string, detector: Detector, signal: AbortSignal): Promise<Finding> {
  signal.throwIfAborted();
  // In a group of its own: it starts processes too, which end with it.
  const child = spawn(process.execPath, argumentsOf(detector), {
    cwd: folder,
    env: environment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL');
  };
  const deadline = setTimeout(end, timeout_ms);
  signal.addEventListener('abort', end);
  try {
    const closed = new Promise<void>((resolve, reject) => child.once('error', reject).once('close', () => resolve()));
    const [output, complaints] = await Promise.all([textOf(child.stdout), textOf(child.stderr), closed]);
    signal.throwIfAborted();
    const how = child.signalCode === null ? `exit code ${child.exitCode}` : child.signalCode;
    const problem = `it ended with ${how}: ${complaints.trim().split('\n').at(-1) ?? ''}`;
    return readFinding(output) ?? { kind: 'undecided', problem };
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', end);
  }
}

function argumentsOf(detector: Detector): readonly string[] {
  const folder = './packages/sim/src/mutations';
  if (detector.kind === 'explore') {
    return [
      '--disable-warning=ExperimentalWarning',
      `${folder}/explore-one-main.ts`,
      detector.work,
      `${detector.states_max}`,
    ];
  }
  return [
    'node_modules/vitest/vitest.mjs',
    'run',
    detector.file,
    ...(detector.named === undefined ? [] : ['--testNamePattern', detector.named]),
    '--bail=1',
    '--sequence.seed=1',
    `--testTimeout=${test_timeout_ms}`,
    `--reporter=${folder}/finding-reporter.ts`,
  ];
}

/** Not those of a Vitest that this may run in. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS$|FORCE_COLOR$)/.test(name));
  return { ...Object.fromEntries(entries), NO_COLOR: '1' };
}
