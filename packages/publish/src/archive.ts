/** A tree as one compressed archive: the same tree gives the same bytes. */

import { once } from 'node:events';
import { InvalidInput } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { modeOf, type TreeEntry } from '@kedge/core/tree';
import { type Header, type Pack, pack } from 'tar-stream';
import { compress, consumeFed } from './os/zstd.ts';

export type ArchiveFile = { readonly sha256: string; readonly length_bytes: number };

type Ports = { readonly disk: Disk; readonly sha256: Sha256 };

/** Writes it durably to `path`, whatever was there. @throws InvalidInput when the tree is no longer what was measured */
export async function writeArchive(
  ports: Ports,
  folder: string,
  entries: readonly TreeEntry[],
  path: string,
): Promise<ArchiveFile> {
  const archive = pack();
  const hash = ports.sha256();
  let length_bytes = 0;
  const file = await ports.disk.open(path, 'new', 0o644);
  try {
    const written = compress(bytesOf(archive), async (compressed) => {
      for await (const chunk of compressed) {
        hash.update(chunk);
        length_bytes += chunk.length;
        await file.write(chunk);
      }
    });
    await consumeFed(written, fill(archive, ports, folder, entries));
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.hex(), length_bytes };
}

async function fill(archive: Pack, ports: Ports, folder: string, entries: readonly TreeEntry[]): Promise<void> {
  try {
    for (const entry of entries) await append(archive, ports, folder, entry);
    archive.finalize();
  } catch (error) {
    archive.destroy(error instanceof Error ? error : new Error('the tree cannot be read', { cause: error }));
    throw error;
  }
}

async function append(archive: Pack, ports: Ports, folder: string, entry: TreeEntry): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sink = archive.entry(headerOf(entry), (error) => (error ? reject(error) : resolve()));
  // Of an archive that is given up: it would end the process if nobody listened.
  sink.on('error', reject);
  if (entry.kind === 'file') await Promise.all([promise, pour(ports, folder, entry, sink)]);
  else await promise;
}

async function pour(
  { disk, sha256 }: Ports,
  folder: string,
  entry: TreeEntry & { readonly kind: 'file' },
  sink: ReturnType<Pack['entry']>,
): Promise<void> {
  const hash = sha256();
  for await (const chunk of disk.stream(`${folder}/${entry.path}`)) {
    hash.update(chunk);
    if (!sink.write(chunk)) await once(sink, 'drain');
  }
  // Else the manifest would be of a tree that nobody can get: every device would refuse the release.
  if (hash.hex() !== entry.sha256) {
    throw new InvalidInput(`${folder}/${entry.path}`, 'changed while the release was built; build it again');
  }
  sink.end(undefined);
}

async function* bytesOf(archive: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of archive) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the tar writer gave something else than bytes');
    yield chunk;
  }
}

/** Nothing of the machine that built it: no owner, no time, no mode but the two that count. */
function headerOf(entry: TreeEntry): Partial<Header> & { readonly name: string } {
  const common = { name: entry.path, mode: modeOf(entry), uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) };
  switch (entry.kind) {
    case 'file':
      return { ...common, type: 'file', size: entry.size_bytes };
    case 'folder':
      return { ...common, type: 'directory' };
    case 'symlink':
      return { ...common, type: 'symlink', linkname: entry.target };
    default:
      return entry satisfies never;
  }
}
