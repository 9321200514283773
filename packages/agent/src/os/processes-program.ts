/** Which file a release's command means, and what to say when it cannot be started. */

import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorCode } from '@kedge/core/ports';
import { CannotStart } from '../service/processes.ts';

/** @param folder absolute path of the release's tree */
export function programFile(word: string, folder: string): string {
  const inRelease = resolve(folder, word);
  if (statSync(inRelease, { throwIfNoEntry: false })?.isFile()) return inRelease;
  // A small app needs no Node and no PATH of its own.
  return word === 'node' ? process.execPath : word;
}

export function cannotStart(word: string, folder: string, cause: unknown): CannotStart {
  return new CannotStart(`cannot start "${word}": ${problemOf(word, folder, cause)}`, { cause });
}

function problemOf(word: string, folder: string, cause: unknown): string {
  const code = errorCode(cause);
  if (code === 'EACCES') return 'it is not executable; give it mode 0755 in the release';
  if (code !== 'ENOENT') return cause instanceof Error ? cause.message : String(cause);
  if (!existsSync(folder)) return `its folder ${folder} is not there`;
  if (existsSync(programFile(word, folder))) return 'the interpreter or loader that it names is not on this device';
  return `there is no such file in ${folder} and no such program on the PATH`;
}
