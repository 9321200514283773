/** Effects that come before the journal or another memory says so, or after it says that they are done. */

import { explore, type Mutation, tests } from './mutation.ts';

const rollback = 'packages/agent/src/stages/8-rollback.ts';
const report = 'packages/agent/src/stages/9-report.ts';

export const order: readonly Mutation[] = [
  {
    name: 'a release is unpacked before STAGING',
    file: 'packages/agent/src/apply/1-stage.ts',
    find: "  await journal.record(before, 'stage', { kind: 'STAGING', ...update });\n  await keepManifest(device, update.to.version, manifest_bytes);\n  await deployer.stage(update.to.version, artifact, disk.stream(file));",
    replace:
      "  await keepManifest(device, update.to.version, manifest_bytes);\n  await deployer.stage(update.to.version, artifact, disk.stream(file));\n  await journal.record(before, 'stage', { kind: 'STAGING', ...update });",
    detector: tests('sim/src/write-ahead', 'an update'),
  },
  {
    name: 'data is migrated before MIGRATING',
    file: 'packages/agent/src/apply/2-migrate.ts',
    find: "  await journal.record('STAGED', 'migrate', { kind: 'MIGRATING', ...update });\n  if (pending.length > 0) {\n    await service.stop();\n    for (const migration of pending) await data.migrateUp(migration, release);\n  }",
    replace:
      "  if (pending.length > 0) {\n    await service.stop();\n    for (const migration of pending) await data.migrateUp(migration, release);\n  }\n  await journal.record('STAGED', 'migrate', { kind: 'MIGRATING', ...update });",
    detector: explore('update with a migration'),
  },
  {
    name: 'data is migrated while the app runs',
    file: 'packages/agent/src/apply/2-migrate.ts',
    find: '    await service.stop();\n',
    replace: '',
    detector: tests('sim/src/write-ahead', 'an update'),
  },
  {
    name: 'the link is switched before SWITCHING',
    file: 'packages/agent/src/apply/3-switch.ts',
    find: "  await journal.record('MIGRATED', 'switch', { kind: 'SWITCHING', ...update });\n  // Whoever finds the new release broken, and the agent too, must find the way back.\n  await deployer.setPrevious(update.from?.version);\n  await service.stop();\n  await deployer.switchTo(update.to.version);",
    replace:
      "  await deployer.setPrevious(update.from?.version);\n  await service.stop();\n  await deployer.switchTo(update.to.version);\n  await journal.record('MIGRATED', 'switch', { kind: 'SWITCHING', ...update });",
    detector: tests('sim/src/write-ahead', 'an update'),
  },
  {
    name: 'the link is switched while the journal says STAGED',
    file: 'packages/agent/src/apply/2-migrate.ts',
    find: '  await assertPrechecks(data, pending, release);\n',
    replace: '  await assertPrechecks(data, pending, release);\n  await device.deployer.switchTo(update.to.version);\n',
    detector: explore('update'),
  },
  {
    name: 'previous does not move before current',
    file: 'packages/agent/src/apply/3-switch.ts',
    find: '  await deployer.setPrevious(update.from?.version);\n',
    replace: '',
    detector: tests('sim/src/write-ahead', 'an update'),
  },
  {
    name: 'the app that is replaced runs on',
    file: 'packages/agent/src/apply/3-switch.ts',
    find: '  await service.stop();\n',
    replace: '',
    detector: tests('sim/src/write-ahead', 'an update'),
  },
  {
    name: 'data goes back while the app runs',
    file: rollback,
    find: '  await service.stop();\n',
    replace: '',
    detector: tests('sim/src/write-ahead', 'a roll back'),
  },
  {
    name: 'the installed release is written down before COMMITTING',
    file: 'packages/agent/src/apply/5-commit.ts',
    find: "  if (before === 'VALIDATED') await journal.record(before, 'commit', { kind: 'COMMITTING', ...update });\n  const { from, to, backup } = update;\n  await memory.installed.write({ current: to, previous: from, backup, since: timeText(clock.now_ms()) });",
    replace:
      "  const { from, to, backup } = update;\n  await memory.installed.write({ current: to, previous: from, backup, since: timeText(clock.now_ms()) });\n  if (before === 'VALIDATED') await journal.record(before, 'commit', { kind: 'COMMITTING', ...update });",
    detector: tests('sim/src/write-ahead', 'an update'),
  },
  {
    name: 'COMPLETE is recorded before the link goes back',
    file: rollback,
    find: '  const lost_writes = await takeDataBack(device, record);\n  await deployer.switchTo(from?.version);',
    replace:
      "  const lost_writes = await takeDataBack(device, record);\n  await journal.record('ROLLING_BACK', 'rolled_back', complete(inFlight(record), 'rolled_back', failure, lost_writes));\n  await deployer.switchTo(from?.version);",
    detector: explore('failing health check'),
  },
  {
    name: 'program and data go back before ROLLING_BACK',
    file: rollback,
    find: "  const record: RollingBack = { kind: 'ROLLING_BACK', ...update, failure, lost_writes: null };",
    replace:
      "  const record: RollingBack = { kind: 'ROLLING_BACK', ...update, failure, lost_writes: null };\n  await device.service.stop();\n  await takeDataBack({ ...device, journal: { ...device.journal, amend: async (amended) => amended } }, record);\n  await device.deployer.switchTo(update.from?.version);",
    detector: explore('a person goes back'),
  },
  {
    name: 'the release that is left is forgotten before COMPLETE',
    file: rollback,
    find: '  await noteTrouble(device, record, failure);\n  // The app',
    replace: '  await noteTrouble(device, record, failure);\n  await forgetRelease(device, record);\n  // The app',
    detector: explore('roll back by backup'),
  },
  {
    name: 'the old app starts before COMPLETE',
    file: rollback,
    find: '  await noteTrouble(device, record, failure);\n  // The app',
    replace: '  await noteTrouble(device, record, failure);\n  await startInstalled(device);\n  // The app',
    detector: tests('sim/src/write-ahead', 'a roll back'),
  },
  {
    name: 'a backup is restored before the journal knows what that costs',
    file: rollback,
    find: '  await device.journal.amend({ ...record, lost_writes });\n  try {\n    await device.data.restore(dataParts(kept, left), backupFolder(device, backup.id));',
    replace:
      '  try {\n    await device.data.restore(dataParts(kept, left), backupFolder(device, backup.id));\n    await device.journal.amend({ ...record, lost_writes });',
    detector: explore('roll back by backup'),
  },
  {
    name: 'an update counts as reported before its report is written',
    file: report,
    find: '  const written = await writeDown(device, {',
    replace:
      '  await device.journal.amend({ ...record, reported: true });\n  const written = await writeDown(device, {',
    detector: explore('roll back by backup'),
  },
  {
    name: 'a report leaves the outbox before it is acknowledged',
    file: 'packages/agent/src/outbox.ts',
    find: '    const problem = await send(device, config.report_to, bytes);',
    replace: '    await disk.removeFile(path);\n    const problem = await send(device, config.report_to, bytes);',
    detector: tests('agent/src/outbox'),
  },
  {
    name: 'an update is applied without a backup of its data',
    file: 'packages/agent/src/stages/5-prepare.ts',
    find: '  await data.backup(parts, backupFolder(device, id));\n',
    replace: '',
    detector: explore('roll back by backup'),
  },
  {
    name: 'the repository leads to files before they are there',
    file: 'packages/publish/src/commit.ts',
    find: '  for (const [file, bytes] of signed.files) await writeFile(ports.disk, `${base.folder}/metadata/${file}`, bytes);\n  for (const [file, bytes] of signed.shown) await showFile(ports.disk, `${base.folder}/metadata/${file}`, bytes);',
    replace:
      '  for (const [file, bytes] of signed.shown) await showFile(ports.disk, `${base.folder}/metadata/${file}`, bytes);\n  for (const [file, bytes] of signed.files) await writeFile(ports.disk, `${base.folder}/metadata/${file}`, bytes);',
    detector: explore('publish'),
  },
];
