/** The entries of a tar, as they pass. What is kept in memory does not grow with the archive. */

import { type Extract, extract } from 'tar-stream';
import { HostileArchive, type TarHeader } from './admission.ts';

export type TarEntry = { readonly header: TarHeader; readonly content: AsyncIterable<Uint8Array> };

/**
 * The content of an entry that has any is to be read to its end before the next entry is asked for.
 * @throws HostileArchive when it is no tar, is cut short or is longer than `bytes_max`; and whatever `tar` throws
 */
export async function* readTar(tar: AsyncIterable<Uint8Array>, bytes_max: number): AsyncGenerator<TarEntry> {
  const reader = extract();
  const feeding = feed(reader, tar, bytes_max);
  let at = '';
  const explain = async (error: unknown) => {
    const fed = await feeding;
    return fed.kind === 'failed' ? fed.error : new HostileArchive(at, 'is damaged or cut short', { cause: error });
  };
  try {
    for await (const entry of reader) {
      at = entry.header.name;
      yield { header: entry.header, content: contentOf(entry, explain) };
    }
  } catch (error) {
    throw await explain(error);
  } finally {
    reader.destroy();
    await feeding;
  }
}

async function* contentOf(
  entry: AsyncIterable<unknown>,
  explain: (error: unknown) => Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of entry) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('the tar reader gave something else than bytes');
      yield chunk;
    }
  } catch (error) {
    throw await explain(error);
  }
}

type Feeding = { readonly kind: 'ended' } | { readonly kind: 'failed'; readonly error: Error };

/** Gives the reader no more than it has room for, and leaves the source when the reader is gone. */
async function feed(reader: Extract, tar: AsyncIterable<Uint8Array>, bytes_max: number): Promise<Feeding> {
  let wake: (() => void) | undefined;
  reader.on('drain', () => wake?.());
  reader.on('close', () => wake?.());
  let fed_bytes = 0;
  try {
    for await (const chunk of tar) {
      fed_bytes += chunk.length;
      if (fed_bytes > bytes_max)
        throw new HostileArchive('', `makes it longer than the ${bytes_max} bytes it can need`);
      if (reader.destroyed) break;
      if (reader.write(chunk)) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    reader.end(undefined);
    return { kind: 'ended' };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error('the archive cannot be read', { cause: thrown });
    reader.destroy(error);
    return { kind: 'failed', error };
  }
}
