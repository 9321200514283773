/** Which entries of an archive may become part of a release's tree. */

import { type Artifact, innerPath } from '@kedge/core/manifest';
import { InvalidInput, type Parser } from '@kedge/core/parse';
import type { TreeEntry } from '@kedge/core/tree';
import { parentOf } from '@kedge/trust/atomic-file';

/** What a tar says of an entry. `type` is null for one that no standard knows. */
export type TarHeader = {
  readonly name: string;
  readonly type: string | null;
  readonly mode: number;
  readonly size: number;
  readonly linkname: string | null;
};

/** An entry whose content, if it is a file, was not read yet. */
export type AdmittedEntry =
  | Exclude<TreeEntry, { kind: 'file' }>
  | { readonly kind: 'file'; readonly path: string; readonly executable: boolean };

/** An archive that no honest publisher makes. The message begins with the entry. */
export class HostileArchive extends Error {
  constructor(entry: string, problem: string, options?: ErrorOptions) {
    super(`${JSON.stringify(entry.slice(0, 200))} in the archive ${problem}; do not install this release`, options);
    this.name = 'HostileArchive';
  }
}

const part_bytes_max = 255;
const path_bytes_max = 1024;

/** @returns to be asked of each entry in turn; throws HostileArchive */
export function admission(artifact: Artifact): (header: TarHeader) => AdmittedEntry {
  const kinds = new Map<string, AdmittedEntry['kind']>();
  const folded = new Map<string, string>();
  let content_bytes = 0;

  return (header) => {
    const path = admitPath(header);
    const entry = admitKind(header, path);
    admitPlace(entry);
    content_bytes += header.size;
    if (kinds.size > artifact.entry_count) {
      throw new HostileArchive(path, `is one more than the ${artifact.entry_count} entries of the manifest`);
    }
    if (content_bytes > artifact.unpacked_bytes) {
      throw new HostileArchive(path, `goes past the ${artifact.unpacked_bytes} bytes of the manifest`);
    }
    return entry;
  };

  /** Its folder is an entry before it, so nothing is ever written through a symlink; and no name is taken twice. */
  function admitPlace({ path, kind }: AdmittedEntry): void {
    const parent = parentOf(`/${path}`).slice(1);
    if (parent !== '' && kinds.get(parent) !== 'folder') {
      throw new HostileArchive(path, `is below "${parent}", which is not a folder that stands before it`);
    }
    // What a file system without case, or with its own normal form, takes for the same name.
    const fold = path.normalize('NFC').toUpperCase();
    const twin = folded.get(fold);
    if (twin !== undefined) throw new HostileArchive(path, `has the same name as "${twin}" on some file systems`);
    folded.set(fold, path);
    kinds.set(path, kind);
  }
}

function admitPath(header: TarHeader): string {
  const path = header.type === 'directory' ? header.name.replace(/\/$/, '') : header.name;
  if (!accepts(innerPath, path)) {
    throw new HostileArchive(header.name, 'is not a relative path without "..", "\\" or an empty part');
  }
  const encoder = new TextEncoder();
  if (encoder.encode(path).length > path_bytes_max)
    throw new HostileArchive(path, `is over ${path_bytes_max} bytes long`);
  if (path.split('/').some((part) => encoder.encode(part).length > part_bytes_max)) {
    throw new HostileArchive(path, `has a part over ${part_bytes_max} bytes long`);
  }
  return path;
}

function admitKind(header: TarHeader, path: string): AdmittedEntry {
  const { type, mode, size } = header;
  if (mode & 0o7000)
    throw new HostileArchive(path, `has mode ${mode.toString(8)}: setuid, setgid and sticky are refused`);
  if (type === 'file') return { kind: 'file', path, executable: (mode & 0o100) !== 0 };
  if (size !== 0) throw new HostileArchive(path, `is a ${type} with content`);
  if (type === 'directory') return { kind: 'folder', path };
  if (type === 'symlink') return { kind: 'symlink', path, target: admitTarget(path, header.linkname ?? '') };
  throw new HostileArchive(
    path,
    `is a ${type ?? 'thing that no standard knows'}: only files, folders and symlinks are accepted`,
  );
}

/**
 * A target goes up only at its beginning, where it starts from the real folder of the link, and then only down. Each
 * link ends inside the tree by this rule alone, so a chain of them does too.
 */
function admitTarget(path: string, target: string): string {
  const [, up, down] = /^((?:\.\.(?:\/|$))*)(.*)$/s.exec(target) ?? [];
  const depth = path.split('/').length - 1;
  const climbs = (up ?? '').split('..').length - 1;
  const stays = climbs <= depth && (down === '' ? climbs > 0 : accepts(innerPath, down));
  if (!stays)
    throw new HostileArchive(path, `is a symlink to ${JSON.stringify(target.slice(0, 200))}, outside the tree`);
  return target;
}

/** Whether the parser takes the value. */
export function accepts(parser: Parser<unknown>, value: unknown): boolean {
  try {
    parser.parse(value, '');
    return true;
  } catch (error) {
    if (error instanceof InvalidInput) return false;
    throw error;
  }
}
