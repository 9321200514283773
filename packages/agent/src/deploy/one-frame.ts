/**
 * Where a frame of zstd ends (RFC 8878, section 3.1.1): a header, then blocks that say how long they are and which is the last
 * one. A decoder goes on with the next frame, or does not, by where a chunk of its input happens to end.
 */

import { HostileArchive } from './hostile-archive.ts';

const magic = [0x28, 0xb5, 0x2f, 0xfd];

/** @returns to be shown each chunk in turn; throws HostileArchive at what is no frame, and at the first byte after one */
export function oneFrame(): (chunk: Uint8Array) => void {
  let state: 'in its header' | 'before a block' | 'in the last block' = 'in its header';
  let head: number[] = [];
  let skip_bytes = 0;
  let checksum_bytes = 0;

  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (skip_bytes > 0) {
        const skipped = Math.min(skip_bytes, chunk.length - at);
        skip_bytes -= skipped;
        at += skipped;
        continue;
      }
      if (state === 'in the last block') throw new HostileArchive(null, 'goes on after its first frame of zstd');
      head.push(chunk[at] ?? 0);
      at += 1;
      if (state === 'in its header' && head.length === 5) readHeader(head);
      if (state === 'before a block' && head.length === 3) readBlock(head);
    }
  };

  function readHeader(bytes: readonly number[]): void {
    const flags = bytes.at(-1) ?? 0;
    if (magic.some((byte, at) => byte !== bytes[at])) {
      throw new HostileArchive(null, 'is not one whole frame of zstd (it begins otherwise)');
    }
    const isSingle = (flags & 0x20) !== 0;
    const size_bytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
    const dictionary_bytes = [0, 1, 2, 4][flags & 3] ?? 0;
    skip_bytes = (isSingle ? 0 : 1) + dictionary_bytes + size_bytes;
    checksum_bytes = (flags & 4) === 0 ? 0 : 4;
    state = 'before a block';
    head = [];
  }

  function readBlock([low = 0, middle = 0, high = 0]: readonly number[]): void {
    const field = low | (middle << 8) | (high << 16);
    const isOneByte = ((field >> 1) & 3) === 1;
    skip_bytes = isOneByte ? 1 : field >> 3;
    head = [];
    if ((field & 1) === 0) return;
    skip_bytes += checksum_bytes;
    state = 'in the last block';
  }
}
