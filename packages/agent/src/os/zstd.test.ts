import { randomBytes } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decompressZstd } from './zstd.ts';

const content = Buffer.concat([randomBytes(200_000), Buffer.alloc(100_000)]);
const frame = zstdCompressSync(content);

describe('decompressZstd', () => {
  test('gives back what was compressed, in whatever pieces it comes', async () => {
    expect((await decompress(frame, 65_536)).equals(content)).toBe(true);
    expect((await decompress(frame, 977)).equals(content)).toBe(true);
  });

  test.for([1, 100, 150_000, frame.length])('rejects a frame that lacks its last %i bytes', async (lost_bytes) => {
    await expect(decompress(frame.subarray(0, frame.length - lost_bytes))).rejects.toThrow();
  });

  test('rejects whatever follows the frame, another frame included', async () => {
    for (const tail of [Buffer.from('x'), Buffer.alloc(1000), Buffer.alloc(1_000_000), frame]) {
      for (const piece_bytes of [65_536, frame.length, frame.length - 1, frame.length + 1]) {
        const decompressed = decompress(Buffer.concat([frame, tail]), piece_bytes);
        await expect(decompressed).rejects.toThrow('the archive goes on after its first frame of zstd');
      }
    }
  });

  test('rejects a damaged frame', async () => {
    const checked = zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
    checked[100_000] = (checked[100_000] ?? 0) ^ 1;
    await expect(decompress(checked)).rejects.toThrow();
  });

  test('rejects a frame that needs a window over 8 MB', async () => {
    const params = { [constants.ZSTD_c_windowLog]: 24 };
    await expect(decompress(zstdCompressSync(Buffer.alloc(20_000_000), { params }))).rejects.toThrow(/memory/);
  });

  test('rejects with what its input fails with', async () => {
    await expect(collect(decompressZstd(failing(1000)))).rejects.toMatchObject({ code: 'EIO' });
  });

  test('rejects with what its input fails with after the last byte', async () => {
    const { promise: decompressed, resolve } = Promise.withResolvers<void>();
    async function* failingLate() {
      yield frame;
      await decompressed;
      throw Object.assign(new Error('the digest is another'), { code: 'EIO' });
    }
    const reading = async () => {
      let length_bytes = 0;
      for await (const chunk of decompressZstd(failingLate())) {
        length_bytes += chunk.length;
        if (length_bytes === content.length) setImmediate(resolve);
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'EIO' });
  });

  test('closes its input when its reader leaves early', async () => {
    let closed = false;
    async function* source() {
      try {
        yield* pieces(frame, 1000);
      } finally {
        closed = true;
      }
    }
    for await (const _ of decompressZstd(source())) break;
    await expect.poll(() => closed).toBe(true);
  });
});

const decompress = (bytes: Buffer, piece_bytes = 65_536) => collect(decompressZstd(pieces(bytes, piece_bytes)));

async function* pieces(bytes: Buffer, piece_bytes: number) {
  for (let at = 0; at < bytes.length; at += piece_bytes) yield bytes.subarray(at, at + piece_bytes);
}

async function* failing(length: number) {
  yield frame.subarray(0, length);
  throw Object.assign(new Error('the stick is gone'), { code: 'EIO' });
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return Buffer.concat(collected);
}
