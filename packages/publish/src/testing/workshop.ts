/** A publisher's desk in a temporary folder: software, keys, a repository, and a device that reads it. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Disk } from '@kedge/core/ports';
import { readCandidates } from '@kedge/trust/candidates';
import { nodeDisk } from '@kedge/trust/os/disk';
import { nodeNet } from '@kedge/trust/os/net';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import { type Refresh, refresh } from '@kedge/trust/refresh';
import { readTrusted, type Trusted } from '@kedge/trust/trusted';
import { build } from '../build.ts';
import { type KeyPorts, type Keyring, readKeyring } from '../keyring.ts';
import { initRepository } from '../keys.ts';

export type Workshop = {
  readonly folder: string;
  readonly keys: string;
  readonly repository: string;
  readonly ports: KeyPorts;
  /** Of `ports.clock`. */
  now_ms: number;
  keyring(): Promise<Keyring>;
  /** Builds release `counter`, version 1.COUNTER.0 unless said otherwise, and gives its folder. */
  build(counter: number, change?: { readonly [field: string]: unknown }): Promise<string>;
  refresh(device?: string, sources?: readonly string[]): Promise<Refresh>;
  trusted(device?: string): Promise<Trusted>;
  counters(device?: string): Promise<readonly number[]>;
  close(): Promise<void>;
};

export const start_ms = Date.parse('2026-06-01T00:00:00Z');
export const day_ms = 86_400_000;

export async function openWorkshop(): Promise<Workshop> {
  const folder = await mkdtemp(join(tmpdir(), 'kedge-publish-'));
  const repository = join(folder, 'repository');
  const clock = {
    now_ms: () => workshop.now_ms,
    monotonic_ms: () => performance.now(),
    sleep: () => Promise.reject(new Error('nothing here sleeps')),
  };
  const ports: KeyPorts = { disk: nodeDisk, clock, random: systemRandom, sha256 };
  const deviceOptions = async (device = 'device') => ({
    ...ports,
    net: nodeNet(),
    folder: join(folder, device),
    sources: [`file://${repository}`],
    initial_root: await readWhole(nodeDisk, `${repository}/metadata/1.root.json`),
    build_time_ms: start_ms,
    channels: ['stable', 'beta'] as const,
  });
  const workshop: Workshop = {
    folder,
    keys: join(folder, 'keys'),
    repository,
    ports,
    now_ms: start_ms,
    keyring: () => readKeyring(nodeDisk, { folder: workshop.keys, passphrase: undefined }),
    async build(counter, change = {}) {
      const output = join(folder, `built-${counter}`);
      const description = join(folder, `source-${counter}.json`);
      await writeTree(join(folder, `tree-${counter}`), {
        'bin/anchor': `#!/bin/sh\necho ${counter}\n`,
        'share/notes.txt': 'x',
      });
      const release = { ...releaseFile(counter), platforms: { any: `tree-${counter}` }, ...change };
      await writeFile(description, JSON.stringify(release));
      await build(ports, description, output);
      return output;
    },
    async refresh(device, sources) {
      const options = await deviceOptions(device);
      return refresh({ ...options, ...(sources ? { sources } : {}) });
    },
    trusted: async (device) => readTrusted(await deviceOptions(device)),
    async counters(device) {
      const options = await deviceOptions(device);
      const { releases } = await readTrusted(options);
      const found = await readCandidates({ ...options, releases, product: 'anchor', counter_above: 0 });
      return found.candidates.map(({ manifest }) => manifest.counter);
    },
    close: () => rm(folder, { recursive: true }),
  };
  await initRepository(ports, { folder: workshop.keys, passphrase: undefined }, repository);
  return workshop;
}

export function releaseFile(counter: number) {
  return {
    format: 'kedge-release/1',
    product: 'anchor',
    version: `1.${counter}.0`,
    channel: 'stable',
    counter,
    severity: 'minor',
    released_at: '2026-05-01T00:00:00Z',
    git_commit: null,
    run: { command: ['bin/anchor'] },
  };
}

export async function writeTree(folder: string, files: { readonly [path: string]: string }): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content, { mode: path.startsWith('bin/') ? 0o755 : 0o644 });
  }
}

export async function readWhole(disk: Disk, path: string): Promise<Uint8Array> {
  const bytes = await disk.read(path, 10_000_000);
  if (!bytes) throw new Error(`${path} is missing`);
  return bytes;
}
