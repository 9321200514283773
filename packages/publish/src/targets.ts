/** The next version of a role that lists targets. */

import { digestOf } from '@kedge/core/digest';
import type { Sha256 } from '@kedge/core/ports';
import type { DelegatedRole } from '@kedge/trust/roles';
import { TargetFile, Targets } from '@tufjs/models';
import type { Delegations } from '@tufjs/models/dist/delegations.js';
import type { JSONValue } from '@tufjs/models/dist/utils/index.js';
import { specVersion } from './commit.ts';
import { expiryOf } from './lifetime.ts';

export function nextTargets(
  role: 'targets' | DelegatedRole,
  current: Targets,
  now_ms: number,
  change: { readonly targets?: readonly TargetFile[]; readonly delegations?: Delegations } = {},
): Targets {
  const delegations = change.delegations ?? current.delegations;
  const added = Object.fromEntries((change.targets ?? []).map((target) => [target.path, target]));
  return new Targets({
    version: current.version + 1,
    specVersion,
    expires: expiryOf(role, now_ms),
    targets: { ...current.targets, ...added },
    ...(delegations ? { delegations } : {}),
  });
}

export function describeTarget(
  sha256: Sha256,
  path: string,
  bytes: Uint8Array,
  custom?: { readonly [name: string]: JSONValue },
): TargetFile {
  return new TargetFile({
    path,
    length: bytes.length,
    hashes: { sha256: digestOf(sha256, bytes) },
    ...(custom ? { unrecognizedFields: { custom: { ...custom } } } : {}),
  });
}
