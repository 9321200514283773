import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';

/** One thread and a fixed window: the same bytes on every machine, and at most 8 MiB of memory to unpack them. */
const params = {
  [constants.ZSTD_c_compressionLevel]: 19,
  [constants.ZSTD_c_windowLog]: 23,
  [constants.ZSTD_c_nbWorkers]: 0,
  [constants.ZSTD_c_checksumFlag]: 1,
};

/** One frame. */
export async function compress(
  bytes: AsyncIterable<Uint8Array>,
  consume: (compressed: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const encoder = createZstdCompress({ params });
  await consumeFed(consume(encoder), feed(encoder, bytes));
}

/**
 * Waits for both ends of a pipe. When one fails, the other breaks off: the consumer is told why the feeder failed, and
 * the feeder never why the consumer did, such as a full disk. So it is the consumer's word that counts.
 */
export async function consumeFed(consumer: Promise<void>, feeder: Promise<void>): Promise<void> {
  for (const end of await Promise.allSettled([consumer, feeder])) {
    if (end.status === 'rejected') throw end.reason;
  }
}

/**
 * Each chunk is compressed before the next one is given, and all are before the end: an encoder that hears of its end
 * while it still has a chunk to go ends the frame twice, which adds an empty frame, or does not, by chance.
 */
async function feed(encoder: ZstdCompress, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of bytes) {
      await new Promise<void>((done, failed) => {
        encoder.write(chunk, (error) => (error ? failed(error) : done()));
      });
    }
    encoder.end();
  } catch (error) {
    encoder.destroy(error instanceof Error ? error : new Error('the archive cannot be compressed', { cause: error }));
    throw error;
  }
}
