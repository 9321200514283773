/** Which entries of an archive may become part of a release's tree. */

import type { Artifact } from '@kedge/core/manifest';
import type { TreeEntry } from '@kedge/core/tree';
import { treeRules } from '@kedge/core/tree-rules';
import { HostileArchive } from './hostile-archive.ts';
import type { TarHeader } from './tar-header.ts';

/** An entry whose content, if it is a file, was not read yet. */
export type AdmittedEntry =
  | Exclude<TreeEntry, { kind: 'file' }>
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean };

/** @returns to be asked of each entry in turn; throws HostileArchive */
export function admission(artifact: Artifact): (header: TarHeader) => AdmittedEntry {
  const problemWith = treeRules(artifact.platform);
  let entry_count = 0;
  let content_bytes = 0;

  return (header) => {
    const { mode, size_bytes } = header;
    const entry = entryOf(header);
    const { path, kind } = entry;
    const problem = problemWith(entry);
    if (problem !== undefined) throw new HostileArchive(path, problem);
    if (mode & 0o7000) {
      throw new HostileArchive(path, `has mode ${mode.toString(8)}: setuid, setgid and sticky are refused`);
    }
    if (kind !== 'file' && size_bytes !== 0) throw new HostileArchive(path, `is a ${kind} with content`);
    entry_count += 1;
    content_bytes += size_bytes;
    if (entry_count > artifact.entry_count) {
      throw new HostileArchive(path, `is one more than the ${artifact.entry_count} entries of the manifest`);
    }
    if (content_bytes > artifact.unpacked_bytes) {
      throw new HostileArchive(path, `goes past the ${artifact.unpacked_bytes} bytes of the manifest`);
    }
    return entry;
  };
}

function entryOf({ type, path, mode, target }: TarHeader): AdmittedEntry {
  switch (type) {
    case 'file':
      return { kind: 'file', path, executable: (mode & 0o100) !== 0 };
    case 'folder':
      return { kind: 'folder', path: path.replace(/\/$/, '') };
    case 'symlink':
      return { kind: 'symlink', path, target };
    default:
      return type satisfies never;
  }
}
