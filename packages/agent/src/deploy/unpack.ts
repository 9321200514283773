/** Unpacks a release's tar, believing nothing that the archive says of itself. */

import type { Artifact } from '@kedge/core/manifest';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { modeOf, type TreeEntry, treeDigest } from '@kedge/core/tree';
import { type AdmittedEntry, admission } from './admission.ts';
import { readTar } from './tar-reader.ts';

/** The tree is not the one of the manifest. */
export class TreeMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TreeMismatch';
  }
}

/**
 * On return the tree is whole and durable, but for the folder's own name in its parent. On an error part of it is left.
 * @param tar not compressed
 * @param folder absolute; nothing is there yet
 * @throws HostileArchive, TreeMismatch
 */
export async function unpack(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  tar: AsyncIterable<Uint8Array>,
  artifact: Artifact,
  folder: string,
): Promise<void> {
  const { disk, sha256 } = ports;
  const admit = admission(artifact);
  const entries: TreeEntry[] = [];
  await makeFolder(disk, folder);
  for await (const { header, content } of readTar(tar, archive_bytes_max(artifact))) {
    entries.push(await write(ports, folder, admit(header), content));
  }
  compare(entries, treeDigest(entries, sha256), artifact);
  // A folder is admitted before what is in it, so backwards is bottom-up.
  for (const entry of entries.toReversed())
    if (entry.kind === 'folder') await disk.syncFolder(`${folder}/${entry.path}`);
  await disk.syncFolder(folder);
}

/** Headers, long names and padding of each entry, and the zeros that close a tar. */
function archive_bytes_max(artifact: Artifact): number {
  return artifact.unpacked_bytes + artifact.entry_count * 4096 + 1024 * 1024;
}

async function write(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  folder: string,
  entry: AdmittedEntry,
  content: AsyncIterable<Uint8Array>,
): Promise<TreeEntry> {
  const path = `${folder}/${entry.path}`;
  switch (entry.kind) {
    case 'folder':
      await makeFolder(ports.disk, path);
      return entry;
    case 'symlink':
      await ports.disk.symlink(entry.target, path);
      return entry;
    case 'file': {
      const written = { ...entry, ...(await writeFile(ports, path, content)) };
      await ports.disk.setMode(path, modeOf(written));
      return written;
    }
    default:
      return entry satisfies never;
  }
}

async function writeFile(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  path: string,
  content: AsyncIterable<Uint8Array>,
): Promise<{ readonly size_bytes: number; readonly sha256: string }> {
  const hash = ports.sha256();
  let size_bytes = 0;
  const file = await ports.disk.open(path, 'new', 0o644);
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      size_bytes += chunk.length;
      await file.write(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { size_bytes, sha256: hash.hex() };
}

/** The mode is set apart, because the umask takes from the one a folder is made with. */
async function makeFolder(disk: Disk, path: string): Promise<void> {
  await disk.makeFolder(path, 0o755);
  await disk.setMode(path, 0o755);
}

function compare(entries: readonly TreeEntry[], digest: string, artifact: Artifact): void {
  if (digest === artifact.tree_sha256) return;
  const bytes = entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size_bytes : 0), 0);
  const last = entries.at(-1);
  throw new TreeMismatch(
    `the unpacked tree is not the one of the manifest: ${entries.length} of ${artifact.entry_count} entries, ` +
      `${bytes} of ${artifact.unpacked_bytes} bytes, last "${last?.path ?? 'none'}", ` +
      `digest ${digest} instead of ${artifact.tree_sha256}; publish the release again`,
  );
}
