import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';

/** 8 MB, what `zstd -19` uses: no archive may ask a device for more memory than that. */
const window_log_max = 23;

/** One frame of zstd. Rejects when it is damaged, cut short, followed by anything or needs a window over 8 MB. */
export async function* decompressZstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: window_log_max } });
  let fed_bytes = 0;
  const feeding = pipeline(async function* counted() {
    for await (const chunk of bytes) {
      fed_bytes += chunk.length;
      yield chunk;
    }
  }, decoder).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error('the archive cannot be read', { cause: error })),
  );

  // Ends at the end of the first frame, whatever follows; the decoder counts what it used.
  for await (const chunk of decoder) yield chunk;
  const failure = await feeding;
  if (failure) throw failure;
  if (decoder.bytesWritten !== fed_bytes) {
    throw new Error(
      `the archive goes on after its end, at byte ${decoder.bytesWritten} of ${fed_bytes}; publish it again`,
    );
  }
}
