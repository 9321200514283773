import { build as buildRelease } from '@kedge/publish/build';
import { absolute, type CommandIo, readArgs, required, runCommand } from '../command.ts';
import { exitCode } from '../exit-code.ts';

const usage = `kedge build release.json --output DIR
  make archives and an unsigned manifest of built software
  --output DIR  where they are written
  --json        print the manifest`;

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  output: { type: 'string' },
} as const;

export function build(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values, positionals } = readArgs(args, options, 1);
    const release = absolute(required(positionals[0], 'release.json'));
    const output = absolute(required(values.output, '--output'));
    const built = await buildRelease(io.ports, release, output);
    if (values.json) io.out(JSON.stringify(built));
    else {
      io.out(`${built.product} ${built.version}, release ${built.counter} for ${built.channel}, is in ${output}:`);
      for (const { platform, length_bytes, sha256 } of built.artifacts) {
        io.out(`  ${platform} ${length_bytes} bytes ${sha256}`);
      }
    }
    return exitCode.ok;
  });
}
