import { readKeyring } from '@kedge/publish/keyring';
import { refreshRepository } from '@kedge/publish/refresh-repository';
import { type CommandIo, readArgs, runCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { changeAlone, readKeyPlace, repositoryFolder, signingOptions, signingUsage } from './keys-folder.ts';

const usage = `kedge refresh --repository DIR --keys DIR
  the daily signature; also signs what is close to its expiry, where its keys are in the folder
${signingUsage}`;

export function refresh(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values } = readArgs(args, signingOptions, 0);
    const folder = repositoryFolder(values);
    return changeAlone(io, folder, async () => {
      const keyring = await readKeyring(io.ports.disk, await readKeyPlace(io, values));
      const refreshed = await refreshRepository(io.ports, keyring, folder);
      if (values.json) io.out(JSON.stringify(refreshed));
      else {
        io.out(`Signed: ${refreshed.signed.join(', ')}.`);
        for (const { role, expires } of refreshed.left) {
          io.err(
            `${role} expires at ${expires} and its keys are not here: refresh with them before, or devices stop updating.`,
          );
        }
      }
      return exitCode.ok;
    });
  });
}
