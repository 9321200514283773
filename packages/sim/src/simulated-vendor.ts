/** A vendor who builds, signs and publishes with the production code, on a simulated disk. */

import type { Clock, Disk, Random } from '@kedge/core/ports';
import { build } from '@kedge/publish/build';
import { readKeyring } from '@kedge/publish/keyring';
import { initRepository } from '@kedge/publish/keys';
import { publish } from '@kedge/publish/publish';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import { sha256 } from '@kedge/trust/os/sha256';

export type SimulatedRelease = {
  readonly version: string;
  readonly counter: number;
  /** Numbers of its migrations, and which of them have no way down. */
  readonly migrations: readonly number[];
  readonly one_way?: readonly number[];
};

export type VendorPorts = { readonly disk: Disk; readonly clock: Clock; readonly random: Random };

export const repository_folder = '/repository';
export const keys = { folder: '/keys', passphrase: undefined };

export async function openRepository(ports: VendorPorts): Promise<void> {
  await initRepository({ ...ports, sha256 }, keys, repository_folder);
}

export async function buildRelease(ports: VendorPorts, release: SimulatedRelease): Promise<string> {
  const folder = `/sources/${release.version}`;
  await writeSource(ports.disk, folder, release);
  await build({ ...ports, sha256 }, `${folder}/release.json`, `${folder}/out`);
  return `${folder}/out`;
}

export async function publishRelease(ports: VendorPorts, built: string): Promise<void> {
  await publish({ ...ports, sha256 }, await readKeyring(ports.disk, keys), repository_folder, built);
}

async function writeSource(disk: Disk, folder: string, release: SimulatedRelease): Promise<void> {
  const { version, counter, migrations, one_way = [] } = release;
  await makeFolderDurable(disk, `${folder}/tree/migrations`);
  const write = (path: string, content: string) =>
    writeAtomic(disk, `${folder}/${path}`, new TextEncoder().encode(content), 0o644);
  await write('tree/app', `the program of ${version}\n`);
  for (const number of migrations) {
    await write(`tree/migrations/000${number}_step.up.sql`, `up ${number}`);
    if (!one_way.includes(number)) await write(`tree/migrations/000${number}_step.down.sql`, `down ${number}`);
  }
  await write(
    'release.json',
    JSON.stringify({
      format: 'kedge-release/1',
      platforms: { any: 'tree' },
      released_at: '2026-01-20T08:00:00Z',
      git_commit: null,
      product: 'simulated',
      version,
      channel: 'stable',
      counter,
      severity: 'patch',
      run: { command: ['app'] },
      data: [{ kind: 'sqlite', path: 'app.db' }],
      migrations: { database: 'app.db', folder: 'migrations' },
      checks: [{ kind: 'tcp', name: 'answers', address: '127.0.0.1:1' }],
      validation: { deadline_ms: 400, healthy_for_ms: 0, interval_ms: 100 },
    }),
  );
}
