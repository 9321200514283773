/** Bytes that come in chunks of any size, taken in pieces of a chosen one. What is kept is one chunk. */

import { HostileArchive } from './hostile-archive.ts';

export type ByteSource = {
  /** Undefined when there are no more at all. @throws HostileArchive when there are some, and too few */
  exactly(count: number): Promise<Uint8Array | undefined>;
  /** From one to so many. Undefined when there are no more. */
  atMost(count: number): Promise<Uint8Array | undefined>;
};

/** What `chunks` throws goes on. */
export function byteSource(chunks: AsyncIterator<Uint8Array>): ByteSource {
  let chunk: Uint8Array = new Uint8Array();

  async function atMost(count: number): Promise<Uint8Array | undefined> {
    while (chunk.length === 0) {
      const next = await chunks.next();
      if (next.done === true) return undefined;
      chunk = next.value;
    }
    const piece = chunk.subarray(0, count);
    chunk = chunk.subarray(piece.length);
    return piece;
  }

  return {
    atMost,
    async exactly(count) {
      const first = await atMost(count);
      if (!first || first.length === count) return first;
      const whole = new Uint8Array(count);
      whole.set(first);
      for (let length = first.length; length < count; ) {
        const piece = await atMost(count - length);
        if (!piece) throw new HostileArchive(null, 'is cut short');
        whole.set(piece, length);
        length += piece.length;
      }
      return whole;
    },
  };
}
