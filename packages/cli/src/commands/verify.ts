import { verifyRepository } from '@kedge/publish/verify-repository';
import { type CommandIo, readArgs, runCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';
import { repositoryFolder } from './keys-folder.ts';

const usage = `kedge verify --repository DIR
  check everything that a device could be led to; needs no key
  --json  print the result as JSON`;

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  repository: { type: 'string' },
} as const;

export function verify(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values } = readArgs(args, options, 0);
    const verified = await verifyRepository(io.ports, repositoryFolder(values));
    if (values.json) io.out(JSON.stringify(verified));
    else {
      for (const problem of verified.problems) io.err(problem);
      if (verified.problems.length === 0) io.out(`All is right. Releases: ${verified.releases}.`);
    }
    return verified.problems.length === 0 ? exitCode.ok : exitCode.refused;
  });
}
