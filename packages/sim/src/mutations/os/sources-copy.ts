/** A copy of this repository to put mutations into. Dependencies are links, but for those that are mutated too. */

import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { nodeDisk } from '@kedge/trust/os/disk';
import type { Workbench } from '../run-mutations.ts';
import { runDetector } from './run-detector.ts';

const repository = resolve(import.meta.dirname, '../../../../..');
const copied = ['packages', 'docs', 'examples', 'schema', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'kedge'];
/** Scopes and packages below `node_modules` that are copies. */
const source_bytes_max = 1_000_000;
const copiedDependencies = new Set(['tuf-js', '@tufjs']);

export type SourcesCopy = { readonly workbench: Workbench; readonly remove: () => Promise<void> };

/** @param signal ends a detector that is under way */
export async function copySources(signal: AbortSignal): Promise<SourcesCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'kedge-mutation-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    for (const name of copied) await cp(join(repository, name), join(folder, name), { recursive: true });
    await linkDependencies(join(folder, 'node_modules'));
  } catch (error) {
    await remove();
    throw error;
  }
  const workbench: Workbench = {
    async read(file) {
      const bytes = await nodeDisk.read(join(folder, file), source_bytes_max);
      return bytes && new TextDecoder().decode(bytes);
    },
    write: (file, text) => writeFile(join(folder, file), text),
    run: (detector) => runDetector(folder, detector, signal),
  };
  return { workbench, remove };
}

async function linkDependencies(to: string): Promise<void> {
  const from = join(repository, 'node_modules');
  await mkdir(join(to, '@kedge'), { recursive: true });
  for (const name of await readdir(from)) {
    if (copiedDependencies.has(name)) await cp(join(from, name), join(to, name), { recursive: true });
    else if (name !== '@kedge' && !name.startsWith('.')) await symlink(join(from, name), join(to, name));
  }
  for (const name of await readdir(join(from, '@kedge'))) {
    await symlink(join('../../packages', name), join(to, '@kedge', name));
  }
}
