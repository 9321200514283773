/**
 * The entries of a tar, as they pass. What is kept in memory does not grow with the archive.
 *
 * Only the tar that `kedge build` writes is read: ustar headers (POSIX.1-1988) for files, folders and symlinks, a pax header
 * (POSIX.1-2001) with nothing but a path and the target of a symlink where these are too long, and zeros after the end. All
 * else has been a way to mean one thing to one reader and another thing to the next one, and is refused.
 */

import { type ByteSource, byteSource } from './byte-source.ts';
import { HostileArchive } from './hostile-archive.ts';
import { block_bytes, isEmpty, longNames, parseHeader, type TarHeader } from './tar-header.ts';

export type TarEntry = { readonly header: TarHeader; readonly content: AsyncIterable<Uint8Array> };

/** Two names of 1,024 bytes, and what is written around them. */
const long_names_bytes_max = 4096;

/** The zeros after the last entry: other tars fill up a whole record. */
const end_bytes_max = 64 * 1024;

/**
 * What is not read of an entry's content is passed over. Between two entries there are at most 6 kB, so whoever bounds the
 * entries and their sizes has bounded all that is read.
 * @throws HostileArchive when it is no tar of ours; and whatever `tar` throws
 */
export async function* readTar(tar: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const chunks = tar[Symbol.asyncIterator]();
  try {
    yield* readEntries(byteSource(chunks));
  } finally {
    await chunks.return?.();
  }
}

async function* readEntries(source: ByteSource): AsyncGenerator<TarEntry> {
  for (;;) {
    const header = await readHeader(source);
    if (!header) return readEnd(source);
    let left_bytes = header.size_bytes;
    const content = async function* (): AsyncGenerator<Uint8Array> {
      while (left_bytes > 0) {
        const piece = await source.atMost(left_bytes);
        if (!piece) throw new HostileArchive(header.path, 'is cut short');
        left_bytes -= piece.length;
        yield piece;
      }
    };
    yield { header, content: content() };
    for await (const _ of content());
    await source.exactly(paddingOf(header.size_bytes));
  }
}

/** Undefined at the first of the two empty blocks that end a tar. */
async function readHeader(source: ByteSource): Promise<TarHeader | undefined> {
  const block = await readBlock(source);
  if (isEmpty(block)) return undefined;
  const header = parseHeader(block);
  if (header.type !== 'long names') return header;
  if (header.size_bytes > long_names_bytes_max) {
    throw new HostileArchive(null, `has a pax header of ${header.size_bytes} bytes: names are not that long`);
  }
  const records = await source.exactly(header.size_bytes);
  const names = longNames(records ?? new Uint8Array());
  await source.exactly(paddingOf(header.size_bytes));
  const named = parseHeader(await readBlock(source));
  if (named.type === 'long names') throw new HostileArchive(null, 'has one pax header after another');
  if (names.target !== undefined && named.type !== 'symlink') {
    throw new HostileArchive(names.path ?? named.path, `is a ${named.type} with the target of a symlink`);
  }
  return { ...named, ...names };
}

async function readBlock(source: ByteSource): Promise<Uint8Array> {
  const block = await source.exactly(block_bytes);
  if (!block) throw new HostileArchive(null, 'ends without the two empty blocks of a tar: it is cut short');
  return block;
}

async function readEnd(source: ByteSource): Promise<void> {
  if (!isEmpty(await readBlock(source))) throw new HostileArchive(null, 'goes on after an empty block');
  let end_bytes = 2 * block_bytes;
  for (let piece = await source.atMost(end_bytes_max); piece; piece = await source.atMost(end_bytes_max)) {
    end_bytes += piece.length;
    if (!isEmpty(piece) || end_bytes > end_bytes_max) throw new HostileArchive(null, 'goes on after its end');
  }
}

function paddingOf(size_bytes: number): number {
  return (block_bytes - (size_bytes % block_bytes)) % block_bytes;
}
