import type { KeyPlace } from '@kedge/publish/keyring';
import { initRepository, listKeys, type Replaced, revokeKey, rotateRole } from '@kedge/publish/keys';
import { makeFolderDurable } from '@kedge/trust/atomic-file';
import { roleNames } from '@kedge/trust/roles';
import { type CommandIo, readArgs, refuseWords, required, runCommand, UsageError } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { changeAlone, readKeyPlace, repositoryFolder, signingOptions, signingUsage } from './keys-folder.ts';

const usage = `kedge keys init            make all keys, and a repository that is signed with them
kedge keys list            the keys that count, by role
kedge keys rotate ROLE     replace all keys of a role: ${roleNames.join(', ')}
kedge keys revoke KEYID    replace one key, as after a theft
${signingUsage}`;

export function keys(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values, positionals } = readArgs(args, signingOptions, 2);
    const [what, subject] = positionals;
    if (subject !== undefined && what !== 'rotate' && what !== 'revoke') refuseWords([subject]);
    const folder = repositoryFolder(values);
    if (what === 'list') return list(io, folder, values.json === true);
    const place = await readKeyPlace(io, values);
    if (what === 'init') await makeFolderDurable(io.ports.disk, folder);
    return changeAlone(io, folder, () => change({ io, folder, place, json: values.json === true }, what, subject));
  });
}

type Changing = {
  readonly io: CommandIo;
  readonly folder: string;
  readonly place: KeyPlace;
  readonly json: boolean;
};

async function change(changing: Changing, what: string | undefined, subject: string | undefined): Promise<number> {
  const { io, folder, place } = changing;
  switch (what) {
    case 'init':
      await initRepository(io.ports, place, folder);
      return tellInit(changing);
    case 'rotate': {
      const role = roleNames.find((role) => role === subject);
      if (!role) throw new UsageError(`the role must be one of ${roleNames.join(', ')}`);
      return tell(changing, await rotateRole(io.ports, place, folder, role));
    }
    case 'revoke':
      return tell(changing, await revokeKey(io.ports, place, folder, required(subject, 'KEYID')));
    default:
      throw new UsageError(what === undefined ? 'say what to do with the keys' : `"kedge keys ${what}" is not known`);
  }
}

function tellInit({ io, folder, place, json }: Changing): number {
  const root = `${folder}/metadata/1.root.json`;
  if (place.passphrase === undefined) io.err('The keys are not encrypted: no passphrase was given.');
  if (json) io.out(JSON.stringify({ root }));
  else {
    io.out(`The keys are in ${place.folder}: keep those of root and targets offline, each in another place.`);
    io.out(`Give every device ${root}.`);
  }
  return exitCode.ok;
}

function tell({ io, json }: Changing, replaced: Replaced): number {
  const { role, made, retired } = replaced;
  if (json) io.out(JSON.stringify(replaced));
  else io.out(`${role} is signed with ${made.join(', ')} now; ${retired.join(', ')} may be thrown away.`);
  return exitCode.ok;
}

async function list(io: CommandIo, folder: string, json: boolean): Promise<number> {
  const roles = await listKeys(io.ports, folder);
  if (json) io.out(JSON.stringify(roles));
  else for (const { role, threshold, key_ids } of roles) io.out(`${role} (${threshold} of): ${key_ids.join(', ')}`);
  return exitCode.ok;
}
