import { spawn } from 'node:child_process';
import { errorCode } from '@kedge/core/ports';
import { cannotStart, programFile } from '../processes-program.ts';
import type { Problem } from './problem.ts';

const shown_output_max = 200;

export type CommandRun = {
  readonly command: readonly string[];
  /** Absolute. */
  readonly folder: string;
  readonly environment: { readonly [name: string]: string };
  readonly signal: AbortSignal;
};

/** It must end with exit code 0. What it started is ended with it. */
export async function checkCommand({ command, folder, environment, signal }: CommandRun): Promise<Problem> {
  const [word = '', ...words] = command;
  const child = spawn(programFile(word, folder), words, {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = () => endGroup(child.pid);
  signal.addEventListener('abort', end);
  let output = '';
  const keepEnd = (chunk: string) => {
    output = `${output}${chunk}`.slice(-4096);
  };
  child.stdout.setEncoding('utf8').on('data', keepEnd);
  child.stderr.setEncoding('utf8').on('data', keepEnd);
  try {
    const how = await new Promise<string>((resolve, reject) => {
      child.once('error', (error) => reject(cannotStart(word, folder, error)));
      child.once('exit', end);
      // After `exit` its output may still be on the way.
      child.once('close', (code, by) => resolve(by === null ? `exit code ${code}` : `signal ${by}`));
    });
    return how === 'exit code 0' ? undefined : `ended with ${how}${lastLineOf(output)}`;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}

function lastLineOf(output: string): string {
  const line = output.trim().split('\n').at(-1) ?? '';
  return line === '' ? '' : `: ${line.slice(0, shown_output_max)}`;
}
