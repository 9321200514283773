/** What is made once for a suite: repositories with a good release, an ill one, and the rescue that comes after it. */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from '@kedge/publish/build';
import { readKeyring } from '@kedge/publish/keyring';
import { initRepository } from '@kedge/publish/keys';
import { publish } from '@kedge/publish/publish';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import { type TinyRelease, writeTinyRelease } from '../../testing/tiny-app.ts';
import { listen } from '../../testing/world.ts';
import { savingApp } from './saving-app.ts';

export const kindNames = [
  'first install',
  'update with a migration',
  'failing health check, back by down script',
  'failing health check, back by backup',
] as const;
export type KindName = (typeof kindNames)[number];

export type Offer = {
  readonly name: KindName;
  /** Whether the device begins with 1.0.0 and its rows, or with nothing. */
  readonly start: 'bare' | 'installed';
  /** What may be live afterwards; undefined stands for nothing. */
  readonly legal: readonly (string | undefined)[];
  /** Folder of the repository that the device looks at until it is cut. */
  readonly repository: string;
  /** The same repository once 2.0.0 is out, which must install on whatever is left. */
  readonly later: string;
};

export type Scene = {
  readonly folder: string;
  /** With 1.0.0 only: what a device with an old release was installed from. */
  readonly first: string;
  readonly offers: { readonly [name in KindName]: Offer };
  close(): void;
};

export const rescue = '2.0.0';

const ports = { disk: nodeDisk, clock: systemClock, random: systemRandom, sha256 };
const ill = { ill: 'answers 503' } as const;

export async function createScene(): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-scene-'));
  const inScene = (name: string) => join(folder, name);
  const keys = { folder: inScene('keys'), passphrase: undefined };
  let sources = 0;

  async function publishTo(repository: string, release: TinyRelease): Promise<void> {
    sources += 1;
    const source = inScene(`source-${sources}`);
    writeSavingRelease(source, release);
    await build(ports, join(source, 'release.json'), join(source, 'out'));
    await publish(ports, await readKeyring(nodeDisk, keys), repository, join(source, 'out'));
  }

  async function publishCopy(from: string, to: string, release: TinyRelease): Promise<string> {
    cpSync(from, to, { recursive: true });
    await publishTo(to, release);
    return to;
  }

  async function offer(name: KindName, release: TinyRelease | undefined, legal: Offer['legal']): Promise<Offer> {
    const repository = release ? await publishCopy(first, inScene(`${name} now`), release) : first;
    const later = await publishCopy(repository, inScene(`${name} later`), { version: rescue, counter: 9 });
    return { name, start: release ? 'installed' : 'bare', legal, repository, later };
  }

  const first = inScene('first');
  await initRepository(ports, keys, first);
  await publishTo(first, { version: '1.0.0', counter: 1 });
  const next = { version: '1.1.0', counter: 2 };
  const oneWay = { ...next, ...ill, migration: 'has no way down' } as const;
  const offers = {
    'first install': await offer('first install', undefined, [undefined, '1.0.0']),
    'update with a migration': await offer('update with a migration', next, ['1.0.0', '1.1.0']),
    'failing health check, back by down script': await offer(
      'failing health check, back by down script',
      { ...next, ...ill },
      ['1.0.0'],
    ),
    'failing health check, back by backup': await offer('failing health check, back by backup', oneWay, ['1.0.0']),
  };
  return { folder, first, offers, close: () => rmSync(folder, { recursive: true, force: true }) };
}

function writeSavingRelease(folder: string, release: TinyRelease): void {
  writeTinyRelease(folder, {
    ...release,
    programs: { 'app.mjs': savingApp },
    fields: {
      run: { command: ['node', 'app.mjs', '${port}', '${data}', '${witness}'], stop_timeout_ms: 2000 },
      // A busy machine may take its time to start an app; an ill one is known as such for as long as it is asked.
      validation: { deadline_ms: release.ill ? 300 : 20_000, healthy_for_ms: 0, interval_ms: 50 },
    },
  });
}

export type DeviceConfig = {
  /** Absolute: what the agent works on. */
  readonly folder: string;
  /** A repository's folder. */
  readonly repository: string;
  readonly port: number;
  /** A file outside of the disk that loses its power. */
  readonly witness: string;
};

/** The text of a `kedge.yaml`. */
export function configText({ folder, repository, port, witness }: DeviceConfig): string {
  return [
    'product: tiny',
    `repository: [${JSON.stringify(pathToFileURL(repository).href)}]`,
    `root: ${JSON.stringify(`${repository}/metadata/1.root.json`)}`,
    `folder: ${JSON.stringify(folder)}`,
    `variables: ${JSON.stringify({ port: String(port), witness })}`,
  ].join('\n');
}

export function writeConfig(path: string, config: DeviceConfig): string {
  writeFileSync(path, configText(config));
  return path;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  return port;
}
