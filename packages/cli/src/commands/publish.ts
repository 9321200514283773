import { readKeyring } from '@kedge/publish/keyring';
import { publish as publishRelease } from '@kedge/publish/publish';
import { absolute, type CommandIo, readArgs, required, runCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { changeAlone, readKeyPlace, repositoryFolder, signingOptions, signingUsage } from './keys-folder.ts';

const usage = `kedge publish DIR --repository DIR --keys DIR
  sign what "kedge build" made, and add it to the repository; may be repeated
${signingUsage}`;

export function publish(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values, positionals } = readArgs(args, signingOptions, 1);
    const release = absolute(required(positionals[0], 'the output folder of "kedge build"'));
    const folder = repositoryFolder(values);
    return changeAlone(io, folder, async () => {
      const keyring = await readKeyring(io.ports.disk, await readKeyPlace(io, values));
      const published = await publishRelease(io.ports, keyring, folder, release);
      if (values.json) io.out(JSON.stringify(published));
      else if (published.kind === 'already_published') io.out(`${published.path} is published already.`);
      else io.out(`${published.path} is published: ${published.manifest_sha256}`);
      return published.kind === 'published' ? exitCode.ok : exitCode.nothing_to_do;
    });
  });
}
