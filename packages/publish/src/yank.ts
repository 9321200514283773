/** Takes a release back: devices neither install nor, where the action says so, keep it. */

import { digestOf } from '@kedge/core/digest';
import { parseJson, parseWith } from '@kedge/core/parse';
import type { Clock, Disk, Sha256 } from '@kedge/core/ports';
import { type Revocation, type RevocationList, revocationList } from '@kedge/core/revocation';
import { revocation_list_bytes_max } from '@kedge/trust/limits';
import { type DelegatedRole, revocationListPath } from '@kedge/trust/roles';
import { targetFile, targetRef } from '@kedge/trust/target-file';
import type { Targets } from '@tufjs/models';
import { commit } from './commit.ts';
import type { Keyring } from './keyring.ts';
import { instantOf } from './lifetime.ts';
import { Refused } from './refused.ts';
import { releasesIn } from './releases.ts';
import { type Repository, roleOf } from './repository.ts';
import { takeUpRepository } from './shown-file.ts';
import { describeTarget, nextTargets } from './targets.ts';

export type Withdrawal = {
  readonly product: string;
  readonly version: string;
  readonly reason: string;
  readonly action: Revocation['action'];
  /** Of a release that is not in the repository: one that a thief has signed can be taken back as well. */
  readonly manifest_sha256?: string;
};

type Ports = { readonly disk: Disk; readonly clock: Clock; readonly sha256: Sha256 };

/** Returns the new sequence number; the same one when the release was taken back in the same way before. @throws Refused */
export async function yank(ports: Ports, keyring: Keyring, folder: string, withdrawal: Withdrawal): Promise<number> {
  const repository = await takeUpRepository(ports.disk, folder);
  const { action } = withdrawal;
  const manifest_sha256 = withdrawal.manifest_sha256 ?? digestOfPublished(repository, withdrawal);
  const list = await readList(ports, repository);
  if (list.entries.some((entry) => entry.manifest_sha256 === manifest_sha256 && entry.action === action)) {
    return list.sequence;
  }
  const now = instantOf(ports.clock.now_ms());
  const next = parseWith(
    revocationList,
    {
      ...list,
      sequence: list.sequence + 1,
      issued_at: now,
      entries: [...list.entries, { ...withdrawal, manifest_sha256, revoked_at: now }],
    },
    'the revocation',
  );
  await commit(ports, keyring, repository, revocationChange(ports, next, roleOf(repository, 'revocations').signed));
  return next.sequence;
}

function digestOfPublished(repository: Repository, { product, version }: Withdrawal): string {
  const release = releasesIn(repository).find((release) => release.product === product && release.version === version);
  if (release) return release.sha256;
  throw new Refused(
    `${product} ${version} is not in ${repository.folder}: check the product and the version, or name the digest of its manifest`,
  );
}

export function revocationChange(
  ports: Pick<Ports, 'sha256' | 'clock'>,
  list: RevocationList,
  current: Targets,
): { readonly roles: ReadonlyMap<DelegatedRole, Targets>; readonly files: ReadonlyMap<string, Uint8Array> } {
  const bytes = new TextEncoder().encode(`${JSON.stringify(list)}\n`);
  const target = describeTarget(ports.sha256, revocationListPath, bytes);
  const role = nextTargets('revocations', current, ports.clock.now_ms(), { targets: [target] });
  return { roles: new Map([['revocations', role]]), files: new Map([[revocationListPath, bytes]]) };
}

async function readList(ports: Ports, repository: Repository): Promise<RevocationList> {
  const target = roleOf(repository, 'revocations').signed.targets[revocationListPath];
  if (!target) throw new Refused(`${repository.folder} has no list of revoked releases: restore it from a copy`);
  const ref = targetRef(target);
  const path = `${repository.folder}/${targetFile(ref)}`;
  const bytes = await ports.disk.read(path, revocation_list_bytes_max);
  if (!bytes || digestOf(ports.sha256, bytes) !== ref.sha256) {
    throw new Refused(`${path} is missing or damaged: restore it from a copy`);
  }
  return parseJson(revocationList, new TextDecoder().decode(bytes), revocationListPath);
}
