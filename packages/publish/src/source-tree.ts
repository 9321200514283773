/** The folder of one platform, as the tree of a release. */

import { InvalidInput } from '@kedge/core/parse';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { printable } from '@kedge/core/printable';
import { comparePaths, type TreeEntry } from '@kedge/core/tree';
import { treeRules } from '@kedge/core/tree-rules';

/** In the order of the archive: by the bytes of the path. @throws InvalidInput for what no release may hold */
export async function readSourceTree(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  folder: string,
  platform: string,
): Promise<readonly TreeEntry[]> {
  const names = await ports.disk.list(folder);
  if (!names) throw new InvalidInput(folder, 'is not a folder; build the software first');
  const entries: TreeEntry[] = [];
  for (const name of names) await readEntry(ports, folder, name, entries);
  if (entries.length === 0) throw new InvalidInput(folder, 'is empty; build the software first');
  const sorted = entries.toSorted((a, b) => comparePaths(a.path, b.path));
  refuseUnfit(folder, sorted, platform);
  return sorted;
}

/** What an agent would refuse is not built. */
function refuseUnfit(folder: string, entries: readonly TreeEntry[], platform: string): void {
  const problemWith = treeRules(platform);
  for (const entry of entries) {
    const problem = problemWith(entry);
    if (problem === undefined) continue;
    const shown = printable(JSON.stringify(entry.path), 200);
    throw new InvalidInput(folder, `${shown} ${problem}; rename it, or take it out of the release`);
  }
}

async function readEntry(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  folder: string,
  path: string,
  entries: TreeEntry[],
): Promise<void> {
  const found = await ports.disk.stat(`${folder}/${path}`);
  switch (found?.kind) {
    case 'file': {
      const executable = (found.mode & 0o100) !== 0;
      entries.push({ kind: 'file', path, executable, ...(await measure(ports, `${folder}/${path}`)) });
      return;
    }
    case 'symlink':
      entries.push({ kind: 'symlink', path, target: found.target });
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
