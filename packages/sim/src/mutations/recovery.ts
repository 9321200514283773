/** Recovery that cannot be repeated, goes the wrong way, or does not take place. */

import { explore, type Mutation, tests } from './mutation.ts';

const resume = 'packages/agent/src/resume.ts';
const rollback = 'packages/agent/src/stages/8-rollback.ts';
const deployer = 'packages/agent/src/deploy/release-folder.ts';
const restore = 'packages/agent/src/os/data/restore.ts';
const migrations = 'packages/agent/src/os/data/migrations.ts';
const trouble = 'packages/agent/src/trouble.ts';

export const recovery: readonly Mutation[] = [
  {
    name: 'a damaged journal counts as none',
    file: resume,
    find: "return { kind: 'unknown', problem: reading.problem };",
    replace: "return { kind: 'nothing' };",
    detector: tests('sim/src/power-lost', 'damaged in SWITCHED'),
  },
  {
    name: 'an update that was cut off in its validation is kept',
    file: resume,
    find: "    case 'VALIDATING':\n      return { kind: 'undo', update: inFlight(record), failed_in: record.kind };",
    replace:
      "      return { kind: 'undo', update: inFlight(record), failed_in: record.kind };\n    case 'VALIDATING':\n      return { kind: 'finish', update: inFlight(record), state: 'VALIDATED' };",
    detector: tests('sim/src/power-lost', 'in VALIDATING: the next start records'),
  },
  {
    name: 'a roll back that was cut off is not gone on with',
    file: resume,
    find: "return { kind: 'go_on_back', record };",
    replace: "return { kind: 'nothing' };",
    detector: explore('a person goes back'),
  },
  {
    name: 'a commit that was cut off is begun anew',
    file: 'packages/agent/src/apply/5-commit.ts',
    find: "if (before === 'VALIDATED') await journal.record",
    replace: 'await journal.record',
    detector: explore('update'),
  },
  {
    name: 'what is left of a release after going back is never removed',
    file: resume,
    find: "return point.record.outcome === 'rolled_back' ? tidyUp(device, point.record) : point.record;",
    replace: 'return point.record;',
    detector: tests('sim/src/journeys/unfinished', 'what a roll back has no use for any more'),
  },
  {
    name: 'a release that is gone cannot be dropped again',
    file: deployer,
    find: 'if (await disk.stat(folder(version))) await moveOut(version);\n    },',
    replace: 'await moveOut(version);\n    },',
    detector: explore('failing first install'),
  },
  {
    name: 'the way back is only linked once the new release is kept',
    file: 'packages/agent/src/apply/3-switch.ts',
    find: '  await deployer.setPrevious(update.from?.version);\n',
    replace: '',
    detector: explore('agent that cannot start'),
  },
  {
    name: 'an agent that is to be restarted validates its successor',
    file: 'packages/agent/src/apply/4-validate.ts',
    find: '  signal.throwIfAborted();\n',
    replace: '',
    detector: explore('agent updates itself'),
  },
  {
    name: 'an agent that went back from itself goes on as it is',
    file: 'packages/agent/src/service/own-program.ts',
    find: 'if (release.manifest.version !== version) restart(release.manifest.version);',
    replace: 'if (release.manifest.version > (version ?? "")) restart(release.manifest.version);',
    detector: explore('agent that fails its checks'),
  },
  {
    name: 'any agent that finds SWITCHED is the one to be validated',
    file: resume,
    find: 'own_version === record.to.version',
    replace: 'own_version !== undefined',
    detector: tests('agent/src/resume'),
  },
  {
    name: 'a release that a cut has left half unpacked is in the way',
    file: deployer,
    find: '      await removeTree(disk, staged(version));\n      if (await disk.stat(folder(version))) {',
    replace: '      if (await disk.stat(folder(version))) {',
    detector: tests('agent/src/deploy/release-folder', 'an error at every single disk operation'),
  },
  {
    name: 'a tree that is there counts as whole',
    file: deployer,
    find: 'treeDigest(entries, sha256) === artifact.tree_sha256',
    replace: 'entries.length > 0',
    detector: tests('agent/src/deploy/release-folder', 'replaces a tree'),
  },
  {
    name: 'a restore that was cut off fails the second time',
    file: restore,
    find: '  await removeTree(disk, ready(place));\n  if (!part.present) return;',
    replace:
      "  if (await disk.stat(ready(place))) throw new Error('a restore is under way');\n  if (!part.present) return;",
    detector: tests('agent/src/os/data/local', 'wholly restored by a repetition'),
  },
  {
    name: 'a restore takes for its own what an older one has left',
    file: restore,
    find: '  await removeTree(disk, ready(place));\n  if (!part.present) return;',
    replace: '  if (!part.present) return;',
    detector: tests('agent/src/os/data/local', 'is not mixed with'),
  },
  {
    name: 'a restored database keeps the log of the one that it replaces',
    file: restore,
    find: "      if (part.kind === 'sqlite') await removeLogs(disk, place);\n",
    replace: '',
    detector: tests('agent/src/os/data/local'),
  },
  {
    name: 'a migration is applied twice',
    file: migrations,
    find: '    if (await isApplied(ports, path, migration)) return;\n',
    replace: '',
    detector: tests('agent/src/os/data/migrations'),
  },
  {
    name: 'a migration is undone twice',
    file: migrations,
    find: "    if (migration.kind === 'sql' && !wasApplied) return;\n",
    replace: '',
    detector: tests('agent/src/os/data/migrations'),
  },
  {
    name: 'half of a migration stays when the rest fails',
    file: 'packages/agent/src/os/data/transaction.ts',
    find: "if (database.isTransaction) database.exec('ROLLBACK');",
    replace: "if (database.isTransaction) database.exec('COMMIT');",
    detector: tests('agent/src/os/data/migrations'),
  },
  {
    name: 'the backup is used although there is a way down',
    file: rollback,
    find: '    if (problem === undefined) return from ? null : writesOfFirst(device, record);\n',
    replace: '',
    detector: tests('sim/src/write-ahead', 'the way down'),
  },
  {
    name: 'data does not go back with the program',
    file: rollback,
    find: '  const lost_writes = await takeDataBack(device, record);',
    replace: '  const lost_writes = record.lost_writes;',
    detector: explore('a person goes back'),
  },
  {
    name: 'a failed version is not pinned out',
    file: trouble,
    find: "if (failure.fault === 'device' || failure.fault === 'vendor') return;",
    replace: "if (failure.fault !== 'person') return;",
    detector: tests('sim/src/stage-errors', 'apply.migrate'),
  },
  {
    name: 'a version that takes the device down is tried for ever',
    file: trouble,
    find: "failure.fault !== 'interrupted' || timesInterrupted(interruptions, version) >= interruptions_max",
    replace: "failure.fault !== 'interrupted'",
    detector: tests('sim/src/power-lost', 'three times'),
  },
  {
    name: 'a pin that is noted again ends the others',
    file: trouble,
    find: 'const pins = known.pins.filter((pin) => pin.version !== version);',
    replace: 'const pins: Trouble["pins"][number][] = [];',
    detector: tests('agent/src/trouble'),
  },
  {
    name: 'a release is healthy whatever its checks say',
    file: 'packages/agent/src/validation.ts',
    find: "return result.kind === 'passed' ? undefined :",
    replace: 'return options.signal ? undefined :',
    detector: explore('failing health check'),
  },
  {
    name: 'two agents work on one device',
    file: 'packages/agent/src/os/instance-lock.ts',
    find: 'PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE',
    replace: 'PRAGMA journal_mode=MEMORY; BEGIN',
    detector: tests('agent/src/os/instance-lock'),
  },
];
