/** `./kedge sim`: the production code in a made-up world, to look for what strands a device. */

import { type CommandIo, runCommand, UsageError } from '@kedge/cli/command';
import { explore } from './explore-main.ts';

const usage = `usage: kedge sim --explore [--json] [--seed N] [--kind NAME] [--states N]

Cuts every kind of update at every disk operation, boots on every state that the disk may be in, and cuts again in the
recovery. Ends with exit code 1 and the cuts when a device is stranded.
  --seed N     chooses among states where there are more than are tried (1)
  --kind NAME  only this one
  --states N   tried after each cut of the update (24); half of that in the recovery
  --json       one object, as the last line`;

/** By the option that asks for it. */
const modes: { readonly [option: string]: (args: readonly string[], io: CommandIo) => Promise<number> } = {
  '--explore': explore,
};

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const mode = args.find((arg) => Object.hasOwn(modes, arg));
    const run = mode === undefined ? undefined : modes[mode];
    if (!run) throw new UsageError(`say what to look for: ${Object.keys(modes).join(' or ')}`);
    return run(args, io);
  });
}
