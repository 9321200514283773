/**
 * Migrations and pre-checks that are programs of the release. Unlike SQL, a program and its row in `_migrations` cannot
 * be one transaction: after a power cut it is run again, so it must be idempotent, forth and back.
 */

import { spawn } from 'node:child_process';
import type { Migration } from '@kedge/core/manifest';
import { errorCode } from '@kedge/core/ports';
import type { LocalRelease } from '../../ports.ts';
import { environmentOf, expandedCommand, type Surroundings } from '../../service/environment.ts';
import { mark_variable } from '../processes.ts';
import { cannotStart, programFile } from '../processes-program.ts';

export type CommandMigration = Extract<Migration, { kind: 'command' }>;
export type CommandEnd = { readonly kind: 'succeeded' } | { readonly kind: 'failed'; readonly detail: string };

const output_chars_max = 2_000;

/**
 * Runs in the release's folder with `KEDGE_DATA` and `KEDGE_DATABASE`, absolute paths both. On return no process that it
 * started in its own group is left.
 * @throws CannotStart, UnknownPlaceholder
 */
export async function runMigrationCommand(
  command: readonly string[],
  release: LocalRelease,
  surroundings: Surroundings,
  bounds: { readonly database_path: string; readonly timeout_ms: number; readonly mark: string | undefined },
): Promise<CommandEnd> {
  const [word = '', ...rest] = expandedCommand(command, release, surroundings);
  const child = spawn(programFile(word, release.folder), rest, {
    cwd: release.folder,
    env: {
      ...environmentOf(release, surroundings),
      KEDGE_DATABASE: bounds.database_path,
      ...(bounds.mark === undefined ? {} : { [mark_variable]: bounds.mark }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-output_chars_max);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child.pid);
    // A process that left the group may hold them open for ever.
    child.stdout.destroy();
    child.stderr.destroy();
  }, bounds.timeout_ms);
  child.once('exit', () => killGroup(child.pid));
  try {
    const how = await new Promise<string>((resolve, reject) => {
      child.once('error', (error) => reject(cannotStart(word, release.folder, error)));
      child.once('close', (code, signal) => resolve(code === null ? `signal ${signal}` : `exit code ${code}`));
    });
    if (how === 'exit code 0') return { kind: 'succeeded' };
    const end = late ? `took more than ${bounds.timeout_ms} ms` : `ended with ${how}`;
    return { kind: 'failed', detail: `"${command.join(' ')}" ${end}${lastLine(output)}` };
  } finally {
    clearTimeout(timer);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Nothing of the group is left, which is what is wanted; macOS says EPERM of one that only waits to be reaped.
    const code = errorCode(error);
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function lastLine(output: string): string {
  const line = output.trimEnd().split('\n').at(-1);
  return line ? `: ${line}` : '';
}
