import type { KeyPlace } from '@kedge/publish/keyring';
import { initRepository, listKeys, type Replaced, revokeKey, rotateRole } from '@kedge/publish/keys';
import { roleNames } from '@kedge/trust/roles';
import { type CommandIo, readArgs, required, runCommand, UsageError } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { readKeyPlace, repositoryFolder, signingOptions, signingUsage } from './keys-folder.ts';

const usage = `kedge keys init            make all keys, and a repository that is signed with them
kedge keys list            the keys that count, by role
kedge keys rotate ROLE     replace all keys of a role: ${roleNames.join(', ')}
kedge keys revoke KEYID    replace one key, as after a theft
${signingUsage}`;

export function keys(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values, positionals } = readArgs(args, signingOptions);
    const [what, subject] = positionals;
    const folder = repositoryFolder(values);
    if (what === 'list') return list(io, folder, values.json === true);
    return change(io, what, subject, folder, await readKeyPlace(io, values));
  });
}

async function change(
  io: CommandIo,
  what: string | undefined,
  subject: string | undefined,
  folder: string,
  place: KeyPlace,
): Promise<number> {
  switch (what) {
    case 'init':
      await initRepository(io.ports, place, folder);
      io.out(`The keys are in ${place.folder}: keep those of root and targets offline, each in another place.`);
      if (place.passphrase === undefined) io.err('The keys are not encrypted: no passphrase was given.');
      io.out(`Give every device ${folder}/metadata/1.root.json.`);
      return exitCode.ok;
    case 'rotate': {
      const role = roleNames.find((role) => role === subject);
      if (!role) throw new UsageError(`the role must be one of ${roleNames.join(', ')}`);
      return tell(io, await rotateRole(io.ports, place, folder, role));
    }
    case 'revoke':
      return tell(io, await revokeKey(io.ports, place, folder, required(subject, 'KEYID')));
    default:
      throw new UsageError(what === undefined ? 'say what to do with the keys' : `"kedge keys ${what}" is not known`);
  }
}

function tell(io: CommandIo, { role, made, retired }: Replaced): number {
  io.out(`${role} is signed with ${made.join(', ')} now; ${retired.join(', ')} may be thrown away.`);
  return exitCode.ok;
}

async function list(io: CommandIo, folder: string, json: boolean): Promise<number> {
  const roles = await listKeys(io.ports, folder);
  if (json) io.out(JSON.stringify(roles));
  else for (const { role, threshold, key_ids } of roles) io.out(`${role} (${threshold} of): ${key_ids.join(', ')}`);
  return exitCode.ok;
}
