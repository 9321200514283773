import { readKeyring } from '@kedge/publish/keyring';
import { yank as yankRelease } from '@kedge/publish/yank';
import { type CommandIo, readArgs, required, runCommand, UsageError } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { changeAlone, readKeyPlace, repositoryFolder, signingOptions, signingUsage } from './keys-folder.ts';

const usage = `kedge yank VERSION --product NAME --reason TEXT --action refuse|roll_back --repository DIR --keys DIR
  take a release back: "refuse" keeps devices from installing it, "roll_back" also makes them leave it
  --digest SHA256  of the manifest of a release that is not in the repository, such as one that a thief has signed
${signingUsage}`;

const options = {
  ...signingOptions,
  product: { type: 'string' },
  reason: { type: 'string' },
  action: { type: 'string' },
  digest: { type: 'string' },
} as const;

export function yank(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values, positionals } = readArgs(args, options, 1);
    const version = required(positionals[0], 'VERSION');
    const product = required(values.product, '--product');
    const reason = required(values.reason, '--reason');
    const { action } = values;
    if (action !== 'refuse' && action !== 'roll_back') throw new UsageError('--action must be refuse or roll_back');
    const folder = repositoryFolder(values);
    return changeAlone(io, folder, async () => {
      const keyring = await readKeyring(io.ports.disk, await readKeyPlace(io, values));
      const sequence = await yankRelease(io.ports, keyring, folder, {
        product,
        version,
        reason,
        action,
        ...(values.digest === undefined ? {} : { manifest_sha256: values.digest }),
      });
      if (values.json) io.out(JSON.stringify({ sequence }));
      else io.out(`${product} ${version} is taken back, by list ${sequence}.`);
      return exitCode.ok;
    });
  });
}
