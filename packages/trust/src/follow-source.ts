/** The client workflow as a device runs it: a fixed set of roles, and all of what a source has or nothing of it. */

import type { Channel } from '@kedge/core/channel';
import type { Clock, Disk, Net, Sha256 } from '@kedge/core/ports';
import { writeAtomic } from './atomic-file.ts';
import {
  openSession,
  type Session,
  type Shelf,
  updateRoot,
  updateSnapshot,
  updateTargets,
  updateTimestamp,
} from './client-workflow.ts';
import { joinUrl } from './fetch-file.ts';
import { raise, readFloor } from './floor.ts';
import { keepSet } from './keep-set.ts';
import { metadataFile, readFile } from './metadata-set.ts';
import { loadRevocations } from './revocations.ts';
import { trustedRoots } from './root.ts';
import { seenBy } from './seen.ts';

export type FollowOptions = {
  readonly disk: Disk;
  readonly net: Net;
  readonly clock: Clock;
  readonly sha256: Sha256;
  /** The device's own, absolute: `metadata/`, `manifests/`, `revocations.json`, `floor.a.json`, `floor.b.json`. */
  readonly folder: string;
  /** A `root.json` that came with the agent. */
  readonly initial_root: Uint8Array;
  /** When the agent was built: no time before it is believed. */
  readonly build_time_ms: number;
  /** Whose releases this device reads. */
  readonly channels: readonly Channel[];
};

/** @throws Distrust, with nothing kept but new roots */
export async function followSource(options: FollowOptions, source: string): Promise<'current' | 'changed'> {
  const shelf = versionedShelf(options);
  const floor = await readFloor(options);
  const session = await openSession(
    {
      ...options,
      source,
      metadata_url: joinUrl(source, 'metadata'),
      shelf,
      floor,
      own_time_ms: Math.max(options.clock.now_ms(), options.build_time_ms),
    },
    async (now_ms) => (await trustedRoots(options, now_ms))[0],
  );
  await updateRoot(session);
  const local = await updateTimestamp(session);
  await updateSnapshot(session, local);
  await updateRoles(session, options.channels);
  const { store, sha256, deadline_ms } = session;
  const revocations = await loadRevocations({ ...options, source, store, deadline_ms });
  const raised = raise(floor, seenBy(store, sha256, revocations.list));
  await keepSet({ ...options, store, fetched: shelf.fetched }, raised, revocations.fetched);
  return shelf.root_changed || shelf.fetched.size > 0 || revocations.fetched ? 'changed' : 'current';
}

async function updateRoles(session: Session, channels: readonly Channel[]): Promise<void> {
  await updateTargets(session, 'targets', 'root');
  for (const role of [...channels, 'rollouts', 'revocations']) await updateTargets(session, role, 'targets');
}

type SetShelf = Shelf & {
  root_changed: boolean;
  /** By name in `metadata/`; kept only once all of it has been verified. */
  readonly fetched: Map<string, Uint8Array>;
};

/** Files named for their version. A new root alone is kept at once: each is a step from the one before. */
function versionedShelf({ disk, folder }: FollowOptions): SetShelf {
  const pathOf = (role: string, version: number) => `${folder}/metadata/${metadataFile(role, version)}`;
  const shelf: SetShelf = {
    root_changed: false,
    fetched: new Map(),
    read: (role, version) => readFile(disk, pathOf(role, version), role),
    async keep(role, version, bytes) {
      if (role === 'root') {
        await writeAtomic(disk, pathOf(role, version), bytes);
        shelf.root_changed = true;
      } else {
        shelf.fetched.set(metadataFile(role, version), bytes);
      }
    },
  };
  return shelf;
}
