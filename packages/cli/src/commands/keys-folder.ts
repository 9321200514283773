/** What every signing command shares: its options, and that it is the only one at work on a repository. */

import { acquireInstanceLock } from '@kedge/agent/os/instance-lock';
import { InvalidInput } from '@kedge/core/parse';
import type { KeyPlace } from '@kedge/publish/keyring';
import { absolute, type CommandIo, required } from '../command.ts';
import { exitCode } from '../exit-code.ts';

export const signingOptions = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  keys: { type: 'string' },
  repository: { type: 'string' },
  'passphrase-file': { type: 'string' },
} as const;

export const signingUsage = `  --repository DIR        the repository's folder
  --keys DIR              the folder of the keys
  --passphrase-file FILE  of the keys; else KEDGE_PASSPHRASE is read
  --json                  print the result as JSON`;

type Given = {
  readonly keys?: string | undefined;
  readonly repository?: string | undefined;
  readonly 'passphrase-file'?: string | undefined;
};

export async function readKeyPlace(io: CommandIo, given: Given): Promise<KeyPlace> {
  return { folder: absolute(required(given.keys, '--keys')), passphrase: await readPassphrase(io, given) };
}

export function repositoryFolder(given: Given): string {
  return absolute(required(given.repository, '--repository'));
}

/**
 * Changes the repository while no other command does: of two at once, such as a release and the daily refresh, the one
 * that ends last would take back what the other has published.
 */
export async function changeAlone(io: CommandIo, folder: string, change: () => Promise<number>): Promise<number> {
  // Without a folder there is no repository: the change itself says so.
  if (!(await io.ports.disk.stat(folder))) return change();
  const lock = acquireInstanceLock(`${folder}/.kedge.lock`);
  if (lock.kind === 'held') {
    io.err(`another command changes ${folder}: wait until it is done, then try again`);
    return exitCode.locked;
  }
  try {
    return await change();
  } finally {
    lock.release();
  }
}

async function readPassphrase(io: CommandIo, given: Given): Promise<string | undefined> {
  const path = given['passphrase-file'];
  if (path === undefined) return io.env['KEDGE_PASSPHRASE'] || undefined;
  const bytes = await io.ports.disk.read(absolute(path), 4096);
  const passphrase = bytes && new TextDecoder().decode(bytes).replace(/\r?\n$/, '');
  if (!passphrase) throw new InvalidInput(path, 'is missing or empty; it is to hold the passphrase');
  return passphrase;
}
