/** The vendor: keys, a repository, and releases that are built, signed and published as real ones are. */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '@kedge/core/manifest';
import { build } from '@kedge/publish/build';
import { type KeyPorts, readKeyring } from '@kedge/publish/keyring';
import { initRepository } from '@kedge/publish/keys';
import { publish } from '@kedge/publish/publish';
import { buildRecorderTree, type RecorderVersion, recorderRelease } from '../recorder/build-tree.ts';
import { type StaticServerRelease, staticServerRelease, staticServerTree } from '../static-server/static-server.ts';
import { type Misdeed, serveFolder } from './web-server.ts';

export type Vendor = {
  /** Absolute. The files that the web server serves. */
  readonly repository: string;
  readonly url: string;
  /** The file that devices trust from the start. */
  readonly root: string;
  publishRecorder(version: RecorderVersion, options?: RecorderOptions): Promise<Manifest>;
  publishStaticServer(which: StaticServerRelease): Promise<Manifest>;
  /** As it is signed now. */
  timestamp(): Promise<Uint8Array>;
  /** What the web server does from now on to what it serves. Undefined: nothing. */
  misbehave(how: Misdeed | undefined): void;
  close(): Promise<void>;
};

export type RecorderOptions = {
  /** Another version for the same program, and its counter. */
  readonly as?: string;
  readonly counter?: number;
  readonly validation?: Partial<Manifest['validation']>;
};

/** So that the demo is short. A release of one's own should have longer times. */
const validation = { deadline_ms: 10_000, healthy_for_ms: 300, interval_ms: 50 };

/** @param folder absolute; `keys`, `repository` and `releases` are made in it */
export async function openVendor(ports: KeyPorts, folder: string): Promise<Vendor> {
  const place = { folder: join(folder, 'keys'), passphrase: undefined };
  const repository = join(folder, 'repository');
  await initRepository(ports, place, repository);
  const keyring = await readKeyring(ports.disk, place);
  const server = await serveFolder(repository);

  async function release(platform: string, description: Description, writeTree: (folder: string) => Promise<void>) {
    const source = join(folder, 'releases', `${description.product}-${description.version}`);
    await mkdir(source, { recursive: true });
    await writeTree(join(source, 'tree'));
    const whole = { format: 'kedge-release/1', platforms: { [platform]: 'tree' }, git_commit: null, ...description };
    await writeFile(join(source, 'release.json'), `${JSON.stringify(whole, null, 2)}\n`);
    const manifest = await build(ports, join(source, 'release.json'), join(source, 'built'));
    await publish(ports, keyring, repository, join(source, 'built'));
    return manifest;
  }

  return {
    repository,
    url: server.url,
    root: join(repository, 'metadata', '1.root.json'),
    publishRecorder(version, options = {}) {
      const { as = version, counter = recorderRelease(version).counter } = options;
      const description = {
        ...recorderRelease(version),
        version: as,
        counter,
        migrations: { database: 'recorder.db', folder: 'migrations' },
        validation: { ...validation, ...options.validation },
      };
      return release('any', description, (tree) => buildRecorderTree(version, tree, { as }));
    },
    publishStaticServer(which) {
      const platform = `${process.platform}-${process.arch}`;
      const description = { ...staticServerRelease(which), validation };
      return release(platform, description, (tree) => staticServerTree(which, tree));
    },
    timestamp: () => readFile(join(repository, 'metadata', 'timestamp.json')),
    misbehave: server.misbehave,
    close: server.close,
  };
}

type Description = { readonly product: string; readonly version: string; readonly [field: string]: unknown };
