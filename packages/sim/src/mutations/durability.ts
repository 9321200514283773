/** Mistakes after which a power cut takes more than it may, or leaves half of something. */

import { explore, type Mutation, tests } from './mutation.ts';

const atomicFile = 'packages/trust/src/atomic-file.ts';
const deployer = 'packages/agent/src/deploy/release-folder.ts';
const unpacker = 'packages/agent/src/deploy/unpack.ts';

export const durability: readonly Mutation[] = [
  {
    name: 'a folder that is there is taken for durable',
    file: 'packages/agent/src/agent.ts',
    find: '    await keepFolders(device);\n',
    replace: '',
    detector: tests('sim/src/hunt/seeds'),
  },
  {
    name: 'a file is renamed before its content is synced',
    file: atomicFile,
    find: 'await file.sync();',
    replace: '',
    detector: explore('a person goes back'),
  },
  {
    name: 'a folder is not synced after a file in it was replaced',
    file: atomicFile,
    find: 'await writeDurable(disk, temp, bytes, mode);\n  await disk.rename(temp, path);\n  await disk.syncFolder(parentOf(path));',
    replace: 'await writeDurable(disk, temp, bytes, mode);\n  await disk.rename(temp, path);',
    detector: explore('a person goes back'),
  },
  {
    name: 'a file is written in place',
    file: atomicFile,
    find: 'await writeDurable(disk, temp, bytes, mode);\n  await disk.rename(temp, path);',
    replace: 'await writeDurable(disk, path, bytes, mode);',
    detector: explore('a person goes back'),
  },
  {
    name: 'a copy takes the place of a rename',
    file: atomicFile,
    find: 'await writeDurable(disk, temp, bytes, mode);\n  await disk.rename(temp, path);',
    replace: 'await writeDurable(disk, temp, bytes, mode);\n  await writeDurable(disk, path, bytes, mode);',
    detector: tests('trust/src/atomic-file'),
  },
  {
    name: 'a temporary file that a cut has left is in the way of the next one',
    file: atomicFile,
    find: '  await disk.removeFile(temp);\n  await writeDurable(disk, temp, bytes, mode);',
    replace:
      "  if (await disk.stat(temp)) throw new Error('somebody else writes it');\n  await writeDurable(disk, temp, bytes, mode);",
    detector: explore('a person goes back'),
  },
  {
    name: 'the folder is not synced after a link in it was replaced',
    file: atomicFile,
    find: 'await disk.symlink(target, temp);\n  await disk.rename(temp, path);\n  await disk.syncFolder(parentOf(path));',
    replace: 'await disk.symlink(target, temp);\n  await disk.rename(temp, path);',
    detector: tests('trust/src/atomic-file'),
  },
  {
    name: 'a link is removed and made anew instead of replaced',
    file: atomicFile,
    find: 'await disk.symlink(target, temp);\n  await disk.rename(temp, path);',
    replace: 'await disk.removeFile(path);\n  await disk.symlink(target, path);',
    detector: tests('agent/src/deploy/release-folder', 'there is a live version at every moment'),
  },
  {
    name: 'a link that a cut has left half made is in the way of the next one',
    file: atomicFile,
    find: '  await disk.removeFile(temp);\n  await disk.symlink(target, temp);',
    replace: '  await disk.symlink(target, temp);',
    detector: explore('a person goes back'),
  },
  {
    name: 'the name of a new folder is not synced',
    file: atomicFile,
    find: 'await disk.makeFolder(path, mode);\n  await disk.syncFolder(parent);',
    replace: 'await disk.makeFolder(path, mode);',
    detector: tests('trust/src/atomic-file'),
  },
  {
    name: 'the files of a release are not synced',
    file: unpacker,
    find: 'await file.sync();',
    replace: '',
    detector: explore('update'),
  },
  {
    name: 'the folders of a release are not synced',
    file: unpacker,
    find: 'for (const each of folders.toReversed()) await disk.syncFolder(each);',
    replace: '',
    detector: explore('update'),
  },
  {
    name: 'the place of a release among the others is not synced',
    file: deployer,
    find: 'await disk.rename(staged(version), folder(version));\n      await disk.syncFolder(releases);\n      await disk.syncFolder(staging);',
    replace: 'await disk.rename(staged(version), folder(version));',
    detector: explore('update'),
  },
  {
    name: 'a release is unpacked where whole ones are',
    file: deployer,
    find: 'artifact, staged(version));\n      await disk.rename(staged(version), folder(version));',
    replace: 'artifact, folder(version));',
    detector: tests('agent/src/deploy/release-folder', 'an error at every single disk operation'),
  },
  {
    name: 'a release is removed where whole ones are',
    file: deployer,
    find: 'await disk.rename(folder(version), staged(version));\n    await disk.syncFolder(releases);\n    await removeTree(disk, staged(version));',
    replace: 'await removeTree(disk, folder(version));',
    detector: tests('agent/src/deploy/release-folder', 'may be repeated'),
  },
  {
    name: 'a link that points to nothing is not removed durably',
    file: deployer,
    find: 'await disk.removeFile(link);\n      await disk.syncFolder(root);',
    replace: 'await disk.removeFile(link);',
    detector: explore('failing first install'),
  },
  {
    name: 'a backup has its name before it is whole',
    file: 'packages/agent/src/os/data/backup.ts',
    find: 'const partial = `${to}${partialSuffix}`;',
    replace: 'const partial = to;',
    detector: tests('agent/src/os/data/local', 'wholly backed up or not at all'),
  },
  {
    name: 'a backup that lacks its list of contents counts as one of nothing',
    file: 'packages/agent/src/os/data/backup-contents.ts',
    find: 'if (!bytes) throw new DataError(`there is no backup at ${backup}; choose one of those beside it`);',
    replace: 'if (!bytes) return parts.map((part) => ({ ...part, present: false }));',
    detector: tests('agent/src/os/data/local'),
  },
  {
    name: 'the name of a backup is not synced',
    file: 'packages/agent/src/os/data/backup.ts',
    find: 'await disk.rename(partial, to);\n  await disk.syncFolder(parentOf(to));',
    replace: 'await disk.rename(partial, to);',
    detector: tests('agent/src/os/data/backup'),
  },
  {
    name: 'what was downloaded before a source failed is not synced',
    file: 'packages/agent/src/stages/3-download.ts',
    find: '// What came before a failure is worth going on from.\n      await writer.sync();',
    replace: '',
    detector: tests('sim/src/journeys/download', 'as far as it came'),
  },
  {
    name: 'a published artifact is not synced',
    file: 'packages/publish/src/publish.ts',
    find: 'await file.sync();',
    replace: '',
    detector: explore('publish', 8),
  },
  {
    name: 'the name of a published artifact is not synced',
    file: 'packages/publish/src/publish.ts',
    find: 'await disk.syncFolder(`${folder}/artifacts`);',
    replace: '',
    detector: explore('publish', 8),
  },
  {
    name: 'the trusted set counts before its files are there',
    file: 'packages/trust/src/keep-set.ts',
    find: "if (file !== 'timestamp.json') await writeAtomic",
    replace: 'await writeAtomic',
    detector: tests('trust/src/refresh', 'whose power is cut at any write'),
  },
  {
    name: 'the version floor is kept once',
    file: 'packages/trust/src/floor.ts',
    find: 'for (const copy of copies) {\n    const current',
    replace: 'for (const copy of copies.slice(0, 1)) {\n    const current',
    detector: tests('trust/src/floor'),
  },
];
