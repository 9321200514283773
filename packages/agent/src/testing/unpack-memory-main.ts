/**
 * Unpacks one archive that is made while it is read, onto a disk that keeps nothing, and prints as JSON how it ended and what
 * memory it took. A program of its own, so that the memory is that of unpacking alone.
 */

import type { Artifact } from '@kedge/core/manifest';
import type { Disk } from '@kedge/core/ports';
import { sha256 } from '@kedge/trust/os/sha256';
import { unpack } from '../deploy/unpack.ts';
import { decompressZstd } from '../os/zstd.ts';
import { claimed, end, entry, file, folder, pax, zerosAfter } from './tar-writer.ts';

export type MemoryReport = { readonly ended: string; readonly entries: number; readonly grown_bytes: number };

const many: Partial<Artifact> = { entry_count: 100_000, unpacked_bytes: 2 ** 40 };
const digits = (index: number, length = 7) => String(index).padStart(length, '0');

const archives: { readonly [name: string]: () => AsyncIterable<Uint8Array> } = {
  async *'as many folders as there may be'() {
    for (let index = 0; index < 100_000; index += 1) yield folder(`${'name'.repeat(17)}-${digits(index)}`);
    yield end;
  },
  async *'a million entries'() {
    for (let index = 0; index < 1_000_000; index += 1) yield file(digits(index), '');
    yield end;
  },
  async *'names that take all memory'() {
    for (let index = 0; index < 100_000; index += 1) {
      yield pax(['path', `${digits(index)}${'\ufdfa'.repeat(80)}`]);
      yield file('', '');
    }
    yield end;
  },
  // In 64 kB.
  'a file of 2 GB': () => decompressZstd(inOne(zerosAfter(entry({ name: 'a', size: 2 ** 31 }), 2 ** 31 + 1024))),
};

async function* inOne(bytes: Uint8Array) {
  yield bytes;
}

let entries = 0;
const sink = { write: async () => {}, sync: async () => {}, close: async () => {} };
const nowhere: Disk = {
  stat: async () => undefined,
  list: async () => undefined,
  read: async () => undefined,
  async *stream() {},
  async open() {
    entries += 1;
    return sink;
  },
  async makeFolder() {
    entries += 1;
  },
  rename: async () => {},
  removeFile: async () => {},
  removeFolder: async () => {},
  symlink: async () => {},
  setMode: async () => {},
  syncFolder: async () => {},
  freeSpace: async () => 0,
};

const archive = archives[process.argv[2] ?? ''];
if (!archive) throw new Error(`say which: ${Object.keys(archives).join(', ')}`);
const before_bytes = process.memoryUsage.rss();
const ended = await unpack({ disk: nowhere, sha256 }, archive(), claimed(new Uint8Array(), many), '/staging').then(
  () => 'unpacked',
  (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : 'threw something else'),
);
const grown_bytes = process.resourceUsage().maxRSS * 1024 - before_bytes;
console.log(JSON.stringify({ ended, entries, grown_bytes } satisfies MemoryReport));
