/** The options that every signing command shares. */

import { InvalidInput } from '@kedge/core/parse';
import type { KeyPlace } from '@kedge/publish/keyring';
import { absolute, type CommandIo, required } from '../command.ts';

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

async function readPassphrase(io: CommandIo, given: Given): Promise<string | undefined> {
  const path = given['passphrase-file'];
  if (path === undefined) return io.env['KEDGE_PASSPHRASE'] || undefined;
  const bytes = await io.ports.disk.read(absolute(path), 4096);
  const passphrase = bytes && new TextDecoder().decode(bytes).replace(/\r?\n$/, '');
  if (!passphrase) throw new InvalidInput(path, 'is missing or empty; it is to hold the passphrase');
  return passphrase;
}
