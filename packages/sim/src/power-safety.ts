/** Writes `docs/power-safety.md` from what an exploration found. The same seed gives the same text. */

import type { ExploreLimits } from './explore.ts';
import type { Explored } from './explore-findings.ts';

export type Totals = Omit<Explored, 'kind' | 'violations'> & { readonly violations: number; readonly seed: number };

export function powerSafety(kinds: readonly Explored[], totals: Totals, limits: ExploreLimits): string {
  return `${[introduction, whatWasCut(kinds, totals, limits), ...constantSections].join('\n\n')}\n`;
}

const introduction = `# Power safety

Kedge is built so that a power cut at any instant leaves a device on the old version or the new one, working, with its data, and
a vendor's repository as it was before or as it was to be. This page says how far that was tried out. It is written by
\`./kedge sim --explore --write-docs\`; do not edit it by hand.`;

function whatWasCut(kinds: readonly Explored[], totals: Totals, limits: ExploreLimits): string {
  const row = (
    name: string,
    { operations, crash_states, recoveries, sampled_cuts }: Totals | Explored,
    violations: number,
  ) => `| ${name} | ${operations} | ${crash_states} | ${recoveries} | ${sampled_cuts} | ${violations} |`;
  return `## What was cut

The production code runs on a simulated disk. The power goes before each of its disk operations; at each cut the machine boots on
the states that the disk may then be in, recovers, is looked at by the checkers, and is cut again before each operation of
that recovery. Where there are more than ${limits.states_max} states after a cut of the work, or more than ${limits.states_again_max} after one of the recovery, a sample
is tried that the seed ${totals.seed} chooses, always with the two extremes: nothing survived that was not synced, and everything did. Before each operation of the work the process
alone is killed as well, so that what was not durable still is not when the recovery is cut.

| kind | operations | crash states | recoveries | sampled cuts | violations |
|---|---:|---:|---:|---:|---:|
${kinds.map((kind) => row(kind.kind, kind, kind.violations.length)).join('\n')}
${row('**all together**', totals, totals.violations)}

*Operations* are those of the work, each of which was cut, and its end. *Crash states* are distinct contents of a disk; of all kinds together, those
that two kinds have in common count once. A *recovery* is a boot on such a state, told apart also by what the world outside had been
promised by then. A *sampled cut* is one after which not every legal state was tried.`;
}

/** What does not change from one run to the next. */
export const constantSections: readonly string[] = [
  `## What must hold

After every cut, before anything runs
- \`current\` leads to one whole release, byte for byte and with its modes, or there is none yet: the app can be started without Kedge.
- Of a vendor's repository, a new device and one that has followed for long see all of the old or all of the new, and can install what
  they see.

After every recovery
- Exactly one of the old and the new release is live, and is the one that is written down; its tree is whole.
- The app's rows are those of a legal history: none that was saved is gone, but in the time span that a report names.
- The data has the migrations of the release that is live. The journal is settled and legal.
- Nothing outside of the device's folder, or of the vendor's repository and keys, was touched.
- The device trusts nothing less, and nothing older, than before.
- The vendor's command, given once more, ends well; every reader sees what it was to bring; every key that counts is at hand. That goes
  for a reader as well who had seen, the instant before, what the power then took from the vendor's disk.

Once the faults stop
- The next good release installs, by the whole way from the vendor to the running app.`,
  `## The rules of the disk

- The bytes and the mode of a file are durable after fsync of the file; a name, after fsync of its folder. A file may have been synced
  and have no name.
- Until then each change of a folder (a file, folder or link that was made, renamed or removed) may survive or vanish, in any combination
  and out of order.
- Of a file that was not synced there may be nothing, a part, or all: empty, also where it was renamed over another one; as long as it was
  to be, and zeros; torn at the end of a sector of 512 bytes, the rest missing or zeros (of a long write the first, the middle and the
  last sector are tried); without one of several writes, also an earlier one.
- Of a file that was emptied and written anew there may also be what it was before, and a mixture of both.
- What was durable stays durable when more is appended.
- A rename is atomic, of a link as well: there is no state in which the file has neither name. From one folder to another it may have both.
- A folder that was made and not synced may be gone, with all that is in it, synced or not.`,
  `## What the rules leave out

- A disk, a controller or a virtual machine that answers fsync before it is done. \`--lies\` shows what that costs: devices are stranded.
- Bytes that were durable and change: bit rot, a failing flash cell, a sector that is torn in the middle. Checksums find most of that, and
  nothing brings it back but the previous release and the backup.
- File systems do more than the rules ask of them: ext4 (data=ordered), XFS and btrfs commit changes of folders in order, and ext4 and
  btrfs sync a file that is renamed over another. Nothing here relies on that.
- SQLite's own promises: the database of the simulated app is one file that is replaced atomically.
- Memory that lies, and several faults of different sorts at once: that is what \`./kedge sim --minutes M\` hunts for.`,
  `## On real kernels

The suites below \`packages/sim/src/kernel\` run the same updates as real processes, and show that the rules above are not kinder than
a kernel is. They are part of \`.ci/run\`, and print how much they did.

- *strace*, on ext4 (\`noauto_da_alloc,commit=600\`: nothing reaches the disk but by fsync): killed at every fsync and every rename of an update
  with a migration, at every third one of a first install and of both ways back, and at every second one of the recovery from such a
  cut: more than 200 cuts, each with a boot, all checks, and the next release installed. With EIO at a rename or an fsync, or no room for a
  file, the agent says so, and the device is well once that is over.
- *FUSE*: a disk of our own logs every write and flush of ext4. A crash state keeps all writes before the last flush and any part of the later
  ones, torn at sectors of 512 bytes: more than 100 states in each run, recoveries cut again among them. A torn superblock of ext4 is left out:
  then the file system itself cannot be mounted.
- *User-mode Linux*: a kernel with the agent, the app and the page cache inside is killed, more than 10 times in each run, in the recovery as well.
- *eatmydata*, which makes every fsync do nothing, is the proof that these suites see a missing one: with it they find lost data.`,
  `## A disk that lies

No software is safe on a disk that says "written" and forgets. Where every fsync of the agent is a lie and the power goes:

| when | what is lost | noticed at the next start as |
|---|---|---|
| in an update, or after it | the update; the release before runs with every row, and the update is installed again | \`journal_damaged\`, \`installed_damaged\` |
| after a first install | the install; it is made again | \`journal_damaged\`, \`installed_damaged\` |
| after a way back by down scripts | perhaps the way back of the data: the old release runs on the newer tables; no row | \`journal_damaged\` |
| after a way back by backup | **the app's data** | \`journal_damaged\`; the app does not become healthy |
| long after, a file of the live release | that file; N-1 runs until the release was fetched again | \`tree_damaged\` |
| the backup | the way back of the data, where there are no down scripts | \`backup_unusable\` |

These are words of the device's log (\`kedge agent history\`). A release of which files are gone or shorter is not served in silence. Damage
inside a file that leaves its length alone is not looked for.`,
];
