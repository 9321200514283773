/** A vendor who builds, signs and publishes with the production code, on a simulated disk. */

import type { Severity } from '@kedge/core/channel';
import type { Clock, Disk, Random } from '@kedge/core/ports';
import { build } from '@kedge/publish/build';
import { readKeyring } from '@kedge/publish/keyring';
import { initRepository, rotateRole } from '@kedge/publish/keys';
import { publish } from '@kedge/publish/publish';
import { yank } from '@kedge/publish/yank';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import { sha256 } from '@kedge/trust/os/sha256';
import type { Role } from '@kedge/trust/roles';
import { createPrng } from './prng.ts';

export type SimulatedRelease = {
  readonly version: string;
  readonly counter: number;
  /** Numbers of its migrations, and which of them have no way down. */
  readonly migrations: readonly number[];
  readonly one_way?: readonly number[];
  /** By default a patch. */
  readonly severity?: Severity;
  /** Its artifact is about as long, besides what every release holds. */
  readonly ballast_bytes?: number;
  /** Hardware ids of the devices that it is for; by default any. */
  readonly hardware?: readonly string[];
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

export async function withdraw(ports: VendorPorts, version: string): Promise<void> {
  const withdrawal = { product: 'simulated', version, reason: 'it is bad', action: 'roll_back' } as const;
  await yank({ ...ports, sha256 }, await readKeyring(ports.disk, keys), repository_folder, withdrawal);
}

export async function replaceKeys(ports: VendorPorts, role: Role): Promise<void> {
  await rotateRole({ ...ports, sha256 }, keys, repository_folder, role);
}

async function writeSource(disk: Disk, folder: string, release: SimulatedRelease): Promise<void> {
  const { version, counter, migrations, one_way = [], severity = 'patch', ballast_bytes = 0, hardware } = release;
  await makeFolderDurable(disk, `${folder}/tree/migrations`);
  const write = (path: string, content: string) =>
    writeAtomic(disk, `${folder}/${path}`, new TextEncoder().encode(content), 0o644);
  await write('tree/app', `the program of ${version}\n`);
  await disk.setMode(`${folder}/tree/app`, 0o755);
  if (ballast_bytes > 0) await writeAtomic(disk, `${folder}/tree/ballast`, noise(counter, ballast_bytes), 0o644);
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
      severity,
      ...(hardware ? { requirements: { hardware } } : {}),
      run: { command: ['app'] },
      data: [{ kind: 'sqlite', path: 'app.db' }],
      migrations: { database: 'app.db', folder: 'migrations' },
      checks: [{ kind: 'tcp', name: 'answers', address: '127.0.0.1:1' }],
      validation: { deadline_ms: 400, healthy_for_ms: 0, interval_ms: 100 },
    }),
  );
}

/** Nothing that could be compressed. */
function noise(seed: number, length_bytes: number): Uint8Array {
  const prng = createPrng(seed);
  return Uint8Array.from({ length: length_bytes }, () => prng.below(256));
}
