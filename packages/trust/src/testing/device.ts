/** A device in a temporary folder, and the source that it asks. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@kedge/core/ports';
import { nodeDisk } from '../os/disk.ts';
import { nodeNet } from '../os/net.ts';
import { sha256 } from '../os/sha256.ts';
import { type Refresh, type RefreshOptions, refresh } from '../refresh.ts';
import { readTrusted, type Trusted } from '../trusted.ts';
import { type StaticServer, startStaticServer } from './static-server.ts';
import { type Edition, type Files, listRelease, makePairs, type Pairs, signRoot, writeEdition } from './vendor.ts';

export type Scene = {
  readonly files: Files;
  readonly pairs: Pairs;
  readonly server: StaticServer;
  readonly options: RefreshOptions;
  publish(edition: Omit<Edition, 'pairs'> & { readonly pairs?: Pairs }): void;
  refresh(change?: Partial<RefreshOptions>): Promise<Refresh>;
  trusted(change?: Partial<RefreshOptions>): Promise<Trusted>;
  close(): Promise<void>;
};

export function clockAt(iso: string, monotonic_ms: () => number = () => performance.now()): Clock {
  return { now_ms: () => Date.parse(iso), monotonic_ms, sleep: () => Promise.reject(new Error('nothing here sleeps')) };
}

/** A vendor with edition 1, which lists release 1; the device has seen nothing. */
export async function openScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'kedge-trust-'));
  const files: Files = new Map();
  const pairs = makePairs();
  const initial_root = signRoot(1, pairs, pairs.root);
  files.set('metadata/1.root.json', initial_root);
  writeEdition(files, { pairs, version: 1, listed: { stable: [listRelease(1)] }, revocations: revocations(1) });
  const server = await startStaticServer((path) => files.get(path));
  const options: RefreshOptions = {
    disk: nodeDisk,
    net: nodeNet(),
    clock: clockAt('2026-06-02T00:00:00Z'),
    sha256,
    folder,
    sources: [server.url],
    initial_root,
    build_time_ms: Date.parse('2026-01-01T00:00:00Z'),
    channels: ['stable', 'hotfix'],
  };
  return {
    files,
    pairs,
    server,
    options,
    publish: (edition) => writeEdition(files, { pairs, revocations: revocations(1), ...edition }),
    refresh: (change = {}) => refresh({ ...options, ...change }),
    trusted: (change = {}) => readTrusted({ ...options, ...change }),
    async close() {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

export function revocations(sequence: number) {
  return { format: 'kedge-revocations/1', sequence, issued_at: '2026-06-01T00:00:00Z', entries: [] } as const;
}
