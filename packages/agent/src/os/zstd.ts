import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { errorCode } from '@kedge/core/ports';
import { HostileArchive } from '../deploy/hostile-archive.ts';
import { oneFrame } from '../deploy/one-frame.ts';

/** 8 MB, what `zstd -19` uses: no archive may ask a device for more memory than that. */
const window_log_max = 23;

/**
 * One frame of zstd.
 * @throws HostileArchive when it is damaged, cut short, followed by anything or needs a dictionary or a window over 8 MB;
 *   and whatever `bytes` throws
 */
export async function* decompressZstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: window_log_max } });
  const look = oneFrame();
  const feeding = pipeline(async function* onlyOneFrame() {
    for await (const chunk of bytes) {
      look(chunk);
      yield chunk;
    }
  }, decoder).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error('the archive cannot be read', { cause: error })),
  );
  try {
    for await (const chunk of decoder) yield chunk;
    // What follows the frame is met after the frame's last byte was given.
    const failure = await feeding;
    if (failure) throw failure;
  } catch (error) {
    throw explain(error);
  }
}

/** What the decoder says of its input; anything else is the input's own trouble. */
function explain(error: unknown): unknown {
  if (!(error instanceof Error) || !/^(?:ZSTD_error_|Z_)/.test(errorCode(error) ?? '')) return error;
  return new HostileArchive(null, `is not one whole frame of zstd (${error.message})`, { cause: error });
}
