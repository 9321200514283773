import type { Disk } from '@kedge/core/ports';

const magic = 'SQLite format 3\0';

/**
 * Why the file cannot be all of a database; undefined when it may be. Told by its header alone: to open it could need
 * what only the app has, such as its own functions. An empty file is a database to SQLite.
 *
 * https://sqlite.org/fileformat2.html#the_database_header
 */
export async function shortfall(disk: Disk, path: string): Promise<string | undefined> {
  const found = await disk.stat(path);
  const size_bytes = found?.kind === 'file' ? found.size_bytes : 0;
  if (size_bytes === 0) return undefined;
  const header = await firstBytes(disk, path);
  if (header.length < 100 || new TextDecoder().decode(header.subarray(0, magic.length)) !== magic) {
    return 'it is not a database';
  }
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const page_bytes = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16);
  // Old writers do not keep the count of pages up to date, and then this pair differs.
  const isCountValid = view.getUint32(24) === view.getUint32(92);
  const wanted_bytes = isCountValid ? view.getUint32(28) * page_bytes : page_bytes;
  return size_bytes < wanted_bytes ? `it has ${size_bytes} of its ${wanted_bytes} bytes` : undefined;
}

async function firstBytes(disk: Disk, path: string): Promise<Uint8Array> {
  for await (const chunk of disk.stream(path)) return chunk;
  return new Uint8Array();
}
