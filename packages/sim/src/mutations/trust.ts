/** Metadata that is believed although it is old, or signed by too few or the wrong ones. */

import { attack, type Mutation, tests } from './mutation.ts';

const floor = 'packages/trust/src/floor.ts';
const signatures = 'node_modules/@tufjs/models/dist/metadata.js';
const workflow = tests('trust/src/follow-source');

export const trust: readonly Mutation[] = [
  {
    name: 'one signature is enough',
    file: signatures,
    find: 'if (signingKeys.size < role.threshold) {',
    replace: 'if (signingKeys.size < 1) {',
    detector: attack('a root signed by one'),
  },
  {
    name: 'signatures are counted, not keys',
    file: signatures,
    find: 'if (signingKeys.size < role.threshold) {',
    replace: 'if (Object.keys(delegatedMetadata.signatures).length < role.threshold) {',
    detector: workflow,
  },
  {
    name: 'a new root need not be signed by the old one',
    file: 'node_modules/tuf-js/dist/store.js',
    find: 'this.root.verifyDelegate(models_1.MetadataKind.Root, newRoot);\n',
    replace: '',
    detector: workflow,
  },
  {
    name: 'a publisher asks for one key of the root',
    file: 'packages/trust/src/roles.ts',
    find: 'root: { key_count: 3, threshold: 2,',
    replace: 'root: { key_count: 3, threshold: 1,',
    detector: tests('publish/src/keys'),
  },
  {
    name: 'a publisher signs with fewer keys than are asked for',
    file: 'packages/publish/src/commit.ts',
    find: 'if (wanted <= 0) return;',
    replace: 'if (wanted <= 1) return;',
    detector: tests('publish/src/publish'),
  },
  {
    name: 'an older version of a role is accepted',
    file: floor,
    find: 'if (before && !replaced.has(role) && now.version < before.version)',
    replace: 'if (before && !replaced.has(role) && now.version < 0)',
    detector: workflow,
  },
  {
    name: 'a timestamp of an equal version is taken for a newer one',
    file: 'node_modules/tuf-js/dist/store.js',
    find: 'if (newTimestamp.signed.version === this.timestamp.signed.version) {',
    replace: 'if (newTimestamp.signed.version < 0) {',
    detector: tests('trust/src/refresh', 'with nothing new'),
  },
  {
    name: 'the floor of a channel is not kept',
    file: 'packages/trust/src/seen.ts',
    find: 'if (keys && version !== undefined) roles[role] =',
    replace: "if (keys && version !== undefined && role === 'revocations') roles[role] =",
    detector: workflow,
  },
  {
    name: 'the floor on the disk is not read',
    file: floor,
    find: 'highest = higher(highest, (await readCopy(place, copy)) ?? noFloor);',
    replace: 'highest = higher(highest, noFloor);',
    detector: workflow,
  },
  {
    name: 'new keys of the root free a device from its version',
    file: floor,
    find: "if (role !== 'root' && before && ",
    replace: 'if (before && ',
    detector: tests('trust/src/floor'),
  },
  {
    name: 'a shorter list of revocations is accepted',
    file: floor,
    find: 'if (seen.revocation_sequence < sequence) throw',
    replace: 'if (seen.revocation_sequence < 0) throw',
    detector: attack('a replayed list of revocations'),
  },
  {
    name: 'an old list of revocations on the disk counts',
    file: 'packages/trust/src/trusted.ts',
    find: 'if (cached && cached.list.sequence >= sequence) return cached.list;',
    replace: 'if (cached) return cached.list;',
    detector: tests('trust/src/trusted'),
  },
  {
    name: 'what has expired is accepted',
    file: 'packages/trust/src/metadata-set.ts',
    find: '{ referenceTime: new Date(now_ms) }',
    replace: '{ referenceTime: new Date(now_ms * 0) }',
    detector: attack('freeze'),
  },
  {
    name: 'a clock that says 1970 is believed',
    file: 'packages/trust/src/follow-source.ts',
    find: 'Math.max(options.clock.now_ms(), options.build_time_ms)',
    replace: 'options.clock.now_ms()',
    detector: workflow,
  },
  {
    name: 'a timestamp may set the clock past its own expiry',
    file: 'packages/trust/src/seen.ts',
    find: ' && Date.parse(signed_at) < Date.parse(expires)',
    replace: '',
    detector: attack('a timestamp signed after its own end'),
  },
  {
    name: 'a role may list what is not under its paths',
    file: 'packages/trust/src/trusted.ts',
    find: 'return first?.done === false && first.value.role === role;',
    replace: 'return first !== undefined;',
    detector: workflow,
  },
  {
    name: 'a metadata file may have any length',
    file: 'packages/trust/src/fetch-file.ts',
    find: 'if (length_bytes > request.limit_bytes) {',
    replace: 'if (length_bytes < 0) {',
    detector: attack('oversized timestamp'),
  },
];
