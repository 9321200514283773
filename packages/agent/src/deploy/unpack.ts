/** Unpacks a release's tar, believing nothing that the archive says of itself. */

import type { Artifact } from '@kedge/core/manifest';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { modeOf, type TreeEntry, treeHash } from '@kedge/core/tree';
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
  const tree = treeHash(sha256);
  const unpacked = { entry_count: 0, bytes: 0, last: 'none' };
  const folders = [folder];
  await makeFolder(disk, folder);
  for await (const { header, content } of readTar(tar)) {
    const entry = await write(ports, folder, admit(header), content);
    tree.add(entry);
    unpacked.entry_count += 1;
    unpacked.bytes += entry.kind === 'file' ? entry.size_bytes : 0;
    unpacked.last = entry.path;
    if (entry.kind === 'folder') folders.push(`${folder}/${entry.path}`);
  }
  compare(unpacked, tree.hex(), artifact);
  // A folder is admitted before what is in it, so backwards is bottom-up.
  for (const each of folders.toReversed()) await disk.syncFolder(each);
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
      return { ...entry, ...(await writeFile(ports, path, modeOf(entry), content)) };
    }
    default:
      return entry satisfies never;
  }
}

async function writeFile(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  path: string,
  mode: number,
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
    // Before the sync, which makes the mode durable as well: a program that may not be run is not whole.
    await ports.disk.setMode(path, mode);
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

function compare(
  unpacked: { readonly entry_count: number; readonly bytes: number; readonly last: string },
  digest: string,
  artifact: Artifact,
): void {
  if (digest === artifact.tree_sha256) return;
  throw new TreeMismatch(
    `the unpacked tree is not the one of the manifest: ${unpacked.entry_count} of ${artifact.entry_count} entries, ` +
      `${unpacked.bytes} of ${artifact.unpacked_bytes} bytes, last ${JSON.stringify(unpacked.last)}, ` +
      `digest ${digest} instead of ${artifact.tree_sha256}; publish the release again`,
  );
}
