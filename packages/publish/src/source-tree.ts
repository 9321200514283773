/** The folder of one platform, as the tree of a release. */

import { innerPath } from '@kedge/core/manifest';
import { InvalidInput } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { compareBytes, type TreeEntry } from '@kedge/core/tree';

/** In the order of the archive: by the bytes of the path. @throws InvalidInput for what no release may hold */
export async function readSourceTree(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  folder: string,
): Promise<readonly TreeEntry[]> {
  const names = await ports.disk.list(folder);
  if (!names) throw new InvalidInput(folder, 'is not a folder; build the software first');
  const entries: TreeEntry[] = [];
  for (const name of names) await readEntry(ports, folder, name, entries);
  if (entries.length === 0) throw new InvalidInput(folder, 'is empty; build the software first');
  const encoder = new TextEncoder();
  return entries
    .map((entry) => ({ entry, key: encoder.encode(entry.path) }))
    .toSorted((a, b) => compareBytes(a.key, b.key))
    .map(({ entry }) => entry);
}

async function readEntry(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  folder: string,
  path: string,
  entries: TreeEntry[],
): Promise<void> {
  innerPath.parse(path, `${folder}: ${path}`);
  const found = await ports.disk.stat(`${folder}/${path}`);
  switch (found?.kind) {
    case 'file': {
      const executable = (found.mode & 0o100) !== 0;
      entries.push({ kind: 'file', path, executable, ...(await measure(ports, `${folder}/${path}`)) });
      return;
    }
    case 'symlink':
      entries.push({ kind: 'symlink', path, target: innerTarget(path, found.target) });
      return;
    case 'folder':
      entries.push({ kind: 'folder', path });
      for (const name of (await ports.disk.list(`${folder}/${path}`)) ?? []) {
        await readEntry(ports, folder, `${path}/${name}`, entries);
      }
      return;
    case 'other':
    case undefined:
      throw new InvalidInput(`${folder}/${path}`, 'is not a file, folder or symlink; take it out of the release');
    default:
      found satisfies never;
  }
}

/** Up only at its beginning, and never out of the tree: what an agent accepts. */
function innerTarget(path: string, target: string): string {
  const [, up = '', down = ''] = /^((?:\.\.(?:\/|$))*)(.*)$/s.exec(target) ?? [];
  const climbs = up.split('..').length - 1;
  if (climbs <= path.split('/').length - 1 && (down !== '' || climbs > 0)) {
    if (down !== '') innerPath.parse(down, `target of ${path}`);
    return target;
  }
  throw new InvalidInput(path, `is a symlink to ${target}, outside of the release; make it relative, or a file`);
}

async function measure(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  path: string,
): Promise<{ readonly size_bytes: number; readonly sha256: string }> {
  const hash = ports.sha256();
  let size_bytes = 0;
  for await (const chunk of ports.disk.stream(path)) {
    hash.update(chunk);
    size_bytes += chunk.length;
  }
  return { size_bytes, sha256: hash.hex() };
}
