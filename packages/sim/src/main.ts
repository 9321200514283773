/** `./kedge sim`: the production code in a made-up world, to look for what strands a device. */

import { type CommandIo, runCommand, UsageError } from '@kedge/cli/command';
import { explore } from './explore-main.ts';
import { fuzz } from './fuzz-main.ts';
import { hunt, replay } from './hunt-main.ts';
import { testTheTests } from './mutations-main.ts';

const usage = `usage: kedge sim --explore [--json] [--seed N] [--kind NAME] [--states N] [--cut CUTS] [--lies] [--write-docs]
       kedge sim --minutes M [--json] [--seed N]
       kedge sim --seed N | --scenario FILE
       kedge sim --mutations [--json] [--only WORDS]
       kedge sim --fuzz [--json] [--minutes M] [--seed N] [--target NAME]

Cuts all that devices and their vendors do at every disk operation, boots on every state that the disk may be in, and cuts
again in the recovery. Ends with exit code 1 and the shortest way there when a device is stranded.
  --seed N     chooses among states where there are more than are tried (1)
  --kind NAME  only this one
  --states N   tried after each cut of the work (6); a third of that in the recovery
  --cut CUTS   plays one way again and prints its trace, as 12/0110,3/01: the operation before which the power goes, and how
               each choice falls that the disk then has, first in the work and then in the recovery
  --lies       on a disk whose fsync does nothing
  --write-docs writes docs/power-safety.md
  --json       one object, as the last line

With --minutes it hunts on all cores with random faults of the network, the disk, the power, the clock, the app and its
vendor's enemies, from that seed on, prints how far it is, and for each device that is stranded the shortest way there.
A --seed alone plays that history again and prints its trace; a --scenario is such a shortest way, in a file.

With --mutations it puts one mistake after another into a copy of the sources, and ends with exit code 1 when one of them is
not found by its test or exploration. --only takes those with these words in their name.

With --fuzz it gives every parser what nobody should give it, for M minutes in all (1), and ends with exit code 1 and the
shortest such input when one answers with anything but a value or one line.`;

/** By the option that asks for it. */
const modes: { readonly [option: string]: (args: readonly string[], io: CommandIo) => Promise<number> } = {
  '--explore': explore,
  // Before --minutes, which it may have as well.
  '--fuzz': fuzz,
  '--minutes': hunt,
  '--scenario': replay,
  '--mutations': testTheTests,
};

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const mode = [...Object.keys(modes), '--seed'].find((option) => args.includes(option));
    // On its own, a seed is that of a hunt.
    const run = mode === '--seed' ? replay : modes[mode ?? ''];
    if (!run) throw new UsageError(`say what to look for: ${Object.keys(modes).join(' or ')}`);
    return run(args, io);
  });
}
