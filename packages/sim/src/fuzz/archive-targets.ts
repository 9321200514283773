/** A release's archive, as a device unpacks it: the tar, and the zstd around it. */

import { unpack } from '@kedge/agent/deploy/unpack';
import { decompressZstd } from '@kedge/agent/os/zstd';
import { claimed, entry, file, folder, honest, link, pax, tarOf, zerosFrame } from '@kedge/agent/testing/tar-writer';
import { sha256 } from '@kedge/trust/os/sha256';
import { memoryDisk } from './memory-disk.ts';
import { refusing, type Target } from './target.ts';

const app = honest([
  { kind: 'folder', path: 'bin' },
  { kind: 'file', path: 'bin/app', content: '#!/bin/sh\n'.repeat(80), executable: true },
  { kind: 'symlink', path: 'run', target: 'bin/app' },
]);

const withLongNames = tarOf(
  folder('a'),
  entry({ name: 'c', prefix: 'a', content: 'x' }),
  pax(['path', `a/${'ü'.repeat(60)}`], ['linkpath', `../${'b/'.repeat(60)}c`]),
  link('PaxHeader', 'PaxHeader'),
  file('b', 'y', 0o755),
);

const expected = ['HostileArchive', 'TreeMismatch'];
const staging = '/releases/.staging/1.0.0';
/** Of one archive of some kilobytes. */
const changes_max = 5_000;

export const archiveTargets: readonly Target[] = [
  {
    name: 'tar',
    seeds: [app.tar, withLongNames],
    async run(input) {
      await unpackInto(input).catch((error: unknown) => {
        if (!(error instanceof Error && expected.includes(error.name))) throw error;
      });
      return refusing(expected, () => unpackInto(withChecksums(input)));
    },
    close: async () => {},
  },
  {
    name: 'zstd',
    seeds: [await collect(app.bytes()), zerosFrame(1_000_000)],
    run: (input) => refusing(expected, () => decompressSome(input)),
    close: async () => {},
  },
];

async function unpackInto(tar: Uint8Array): Promise<void> {
  const { disk, changed } = memoryDisk({});
  try {
    // Any tree will do: the digest of this one is not known.
    await unpack({ disk, sha256 }, inPieces(tar), { ...app.artifact, ...claimed(tar) }, staging);
  } catch (error) {
    if (!(error instanceof Error && error.name === 'TreeMismatch')) throw error;
  }
  const outside = changed.find((path) => path !== staging && !path.startsWith(`${staging}/`));
  if (outside !== undefined || changed.some((path) => /\/\.{0,2}(?:\/|$)/.test(path.slice(staging.length)))) {
    throw new Error(`wrote outside of the staging folder: ${outside}`);
  }
  if (changed.length > changes_max) throw new Error(`changed the disk ${changed.length} times`);
}

/** A wrong checksum ends it all; a right one lets the changed header through to where it counts. */
function withChecksums(tar: Uint8Array): Uint8Array {
  const fixed = tar.slice();
  for (let at = 0; at + 512 <= fixed.length; at += 512) {
    const header = fixed.subarray(at, at + 512);
    if (String.fromCharCode(...header.subarray(257, 262)) !== 'ustar') continue;
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(new TextEncoder().encode(sum.toString(8).padStart(6, '0')), 148);
  }
  return fixed;
}

/** A frame that says it is endless is read for as long as a release would be. */
async function decompressSome(input: Uint8Array): Promise<void> {
  let length_bytes = 0;
  for await (const chunk of decompressZstd(inPieces(input))) {
    length_bytes += chunk.length;
    if (length_bytes > 8_000_000) break;
  }
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const collected: number[] = [];
  for await (const chunk of chunks) collected.push(...chunk);
  return new Uint8Array(collected);
}
