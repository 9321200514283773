/** Content that is believed without being looked at. */

import { attack, type Mutation, tests } from './mutation.ts';

const verify = 'packages/agent/src/stages/4-verify.ts';
const download = 'packages/agent/src/stages/3-download.ts';
const stateFile = 'packages/agent/src/state-file.ts';
const admission = 'packages/agent/src/deploy/admission.ts';
const treeRules = 'packages/core/src/tree-rules.ts';
const hostile = tests('agent/src/deploy/hostile-archive');

export const content: readonly Mutation[] = [
  {
    name: 'the digest of an artifact is not compared',
    file: verify,
    find: 'if ((await fileDigest(device, file)) === artifact.sha256)',
    replace: 'if ((await fileDigest(device, file)) !== undefined)',
    detector: attack('tampered artifact'),
  },
  {
    name: 'a file that failed its verification is kept',
    file: verify,
    find: '    await device.disk.removeFile(file);\n',
    replace: '',
    detector: tests('sim/src/stage-errors', 'a tampered artifact'),
  },
  {
    name: 'the digest of a cached manifest is not compared',
    file: 'packages/trust/src/candidates.ts',
    find: 'return bytes && digestOf(options.sha256, bytes) === release.sha256 ? bytes : undefined;',
    replace: 'return bytes;',
    detector: tests('trust/src/candidates'),
  },
  {
    name: 'the digest of a fetched manifest is not compared',
    file: 'packages/trust/src/target-file.ts',
    find: 'if (bytes.length !== target.length_bytes || digestOf(target.hash, bytes) !== target.digest) {',
    replace: 'if (bytes.length !== target.length_bytes) {',
    detector: attack('tampered manifest'),
  },
  {
    name: 'a manifest may be another one than its signed path says',
    file: 'packages/trust/src/candidates.ts',
    find: 'if (manifestPath(parsed) === release.path && parsed.version === version && parsed.counter === counter) {',
    replace: 'if (parsed.version === version) {',
    detector: tests('trust/src/candidates'),
  },
  {
    name: 'the digest of a manifest beside its tree is not compared',
    file: 'packages/agent/src/local-release.ts',
    find: 'if (bytes && digestOf(sha256, bytes) === ref.manifest_sha256) return bytes;',
    replace: 'if (bytes) return bytes;',
    detector: tests('agent/src/local-release'),
  },
  {
    name: 'the checksum of the journal is not compared',
    file: stateFile,
    find: 'if (checksum(sha256, envelope.content) !== envelope.checksum) {',
    replace: 'if (envelope.checksum === undefined) {',
    detector: tests('agent/src/state-file'),
  },
  {
    name: 'the digest of a tree is not compared',
    file: 'packages/agent/src/deploy/unpack.ts',
    find: 'if (digest === artifact.tree_sha256) return;',
    replace: 'if (digest) return;',
    detector: tests('agent/src/deploy/release-folder'),
  },
  {
    name: 'a path may leave the tree',
    file: treeRules,
    find: 'if (!accepts(innerPath, path)) return',
    replace: "if (path === '') return",
    detector: hostile,
  },
  {
    name: 'a link may leave the tree',
    file: treeRules,
    find: 'const stays = climbs <= depth &&',
    replace: 'const stays =',
    detector: hostile,
  },
  {
    name: 'an entry may be written through a link',
    file: treeRules,
    find: "if (kind === 'folder') folders.add(path);",
    replace: 'folders.add(path);',
    detector: hostile,
  },
  {
    name: 'an entry may be setuid',
    file: admission,
    find: 'if (mode & 0o7000) {',
    replace: 'if (mode & 0o1000) {',
    detector: hostile,
  },
  {
    name: 'two names may be one to a file system without case',
    file: treeRules,
    find: 'if (twin !== undefined) return',
    replace: 'if (twin === path) return',
    detector: hostile,
  },
  {
    name: 'an archive may hold more bytes than the manifest says',
    file: admission,
    find: 'if (content_bytes > artifact.unpacked_bytes) {',
    replace: 'if (content_bytes < 0) {',
    detector: hostile,
  },
  {
    name: 'an archive may hold more entries than the manifest says',
    file: admission,
    find: 'if (entry_count > artifact.entry_count) {',
    replace: 'if (entry_count < 0) {',
    detector: hostile,
  },
  {
    name: 'an archive may go on after its end',
    file: 'packages/agent/src/deploy/tar-reader.ts',
    find: ' || end_bytes > end_bytes_max',
    replace: '',
    detector: hostile,
  },
  {
    name: 'a download may be longer than the artifact',
    file: download,
    find: 'if (done_bytes > artifact.length_bytes)',
    replace: 'if (done_bytes < 0)',
    detector: attack('long artifact'),
  },
  {
    name: 'a download goes on wherever the source likes',
    file: download,
    find: 'response.status === 206 && startOf(response) === have_bytes',
    replace: 'response.status === 206',
    detector: tests('sim/src/journeys/download', 'at another byte'),
  },
];
