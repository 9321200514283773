/** Whether everything that is reachable from the root is there and right: what a device would find out one day. */

import { channels } from '@kedge/core/channel';
import { digestOf } from '@kedge/core/digest';
import { artifactPath, manifest, manifestPath } from '@kedge/core/manifest';
import { InvalidInput, type Parser, parseJson } from '@kedge/core/parse';
import type { Clock, Disk, Sha256 } from '@kedge/core/ports';
import { revocationList } from '@kedge/core/revocation';
import { Distrust } from '@kedge/trust/distrust';
import { manifest_bytes_max, revocation_list_bytes_max } from '@kedge/trust/limits';
import { type MetadataSet, readSet } from '@kedge/trust/metadata-set';
import { type DelegatedRole, delegatedRoleNames } from '@kedge/trust/roles';
import { targetFile, targetRef } from '@kedge/trust/target-file';
import { targetsOf } from '@kedge/trust/trusted';
import type { TargetFile } from '@tufjs/models';
import { isArtifact } from './publish.ts';
import { readRootChain } from './repository.ts';

type Ports = { readonly disk: Disk; readonly clock: Clock; readonly sha256: Sha256 };

export type Verified = { readonly releases: number /** One line each. */; readonly problems: readonly string[] };

export async function verifyRepository(ports: Ports, folder: string): Promise<Verified> {
  const now_ms = ports.clock.now_ms();
  let set: MetadataSet;
  try {
    const store = await readRootChain(ports.disk, folder, now_ms);
    const metadata = `${folder}/metadata`;
    set = await readSet({ disk: ports.disk, folder: metadata, store, roles: delegatedRoleNames, now_ms });
  } catch (error) {
    if (!(error instanceof Distrust)) throw error;
    return { releases: 0, problems: [error.message] };
  }
  const problems = [...set.problems, ...strangers(set)];
  let releases = 0;
  for (const channel of channels) {
    for (const target of targetsOf(set, channel)) {
      releases += 1;
      problems.push(...(await verifyRelease(ports, folder, target)));
    }
  }
  for (const target of targetsOf(set, 'revocations')) {
    const list = await readTarget(ports, folder, target, revocationList, revocation_list_bytes_max);
    if (list.kind === 'wrong') problems.push(list.problem);
  }
  return { releases, problems };
}

async function verifyRelease(ports: Ports, folder: string, target: TargetFile): Promise<readonly string[]> {
  const read = await readTarget(ports, folder, target, manifest, manifest_bytes_max);
  if (read.kind === 'wrong') return [read.problem];
  const problems: string[] = [];
  const { version, counter } = read.value;
  if (manifestPath(read.value) !== target.path) problems.push(`${target.path} says it is ${manifestPath(read.value)}`);
  if (target.custom['version'] !== version || target.custom['counter'] !== counter) {
    problems.push(`${target.path}: its version or counter is not the one that is listed`);
  }
  for (const artifact of read.value.artifacts) {
    const path = artifactPath(artifact.sha256);
    if (await isArtifact(ports, `${folder}/${path}`, artifact)) continue;
    problems.push(`${path}, of ${target.path} for ${artifact.platform}, is missing or damaged: restore it from a copy`);
  }
  return problems;
}

async function readTarget<T>(
  ports: Ports,
  folder: string,
  target: TargetFile,
  parser: Parser<T>,
  limit_bytes: number,
): Promise<{ readonly kind: 'right'; readonly value: T } | { readonly kind: 'wrong'; readonly problem: string }> {
  try {
    const ref = targetRef(target);
    const path = targetFile(ref);
    const bytes = await ports.disk.read(`${folder}/${path}`, limit_bytes);
    if (!bytes || bytes.length !== ref.length_bytes || digestOf(ports.sha256, bytes) !== ref.sha256) {
      return { kind: 'wrong', problem: `${path} is missing or damaged: restore it from a copy` };
    }
    return { kind: 'right', value: parseJson(parser, new TextDecoder().decode(bytes), 'content') };
  } catch (error) {
    if (!(error instanceof InvalidInput || error instanceof Distrust)) throw error;
    return { kind: 'wrong', problem: `${target.path}: ${error.message}` };
  }
}

/** Targets that a role lists and is not trusted for: no device will ever see them. */
function strangers(set: MetadataSet): readonly string[] {
  return delegatedRoleNames.flatMap((role: DelegatedRole) => {
    const own = new Set(targetsOf(set, role).map(({ path }) => path));
    const listed = Object.keys(set.roles.get(role)?.signed.targets ?? {});
    return listed
      .filter((path) => !own.has(path))
      .map((path) => `${role}.json lists ${path}, which is not under its paths`);
  });
}
