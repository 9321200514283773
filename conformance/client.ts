/**
 * A TUF client for repositories of any shape, made of the parts that a device's client is made of. What differs from
 * `trust/src/follow-source.ts`: any tree of delegations instead of fixed roles, file names without versions, and each
 * file is kept as soon as it is verified, as the specification has it, instead of the whole set at once.
 */

import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import {
  openSession,
  type Session,
  updateRoot,
  updateSnapshot,
  updateTargets,
  updateTimestamp,
} from '@kedge/trust/client-workflow';
import { Distrust } from '@kedge/trust/distrust';
import { type Floor, raise, readFloor, replacedRoles, writeFloor } from '@kedge/trust/floor';
import { openStore, readFile } from '@kedge/trust/metadata-set';
import { seenBy } from '@kedge/trust/seen';
import { fetchArtifact, type Ports, type Wanted } from './artifact.ts';
import { fileNameOf } from './file-name.ts';
import { findTarget } from './role-walk.ts';

export type Place = { readonly metadata_folder: string; readonly metadata_url: string };

/** @throws Distrust when the file is no root that can be trusted */
export async function init({ disk }: Ports, metadata_folder: string, root: string): Promise<void> {
  const bytes = await readFile(disk, root, 'root');
  openStore(bytes, 0);
  await makeFolderDurable(disk, metadata_folder);
  await writeAtomic(disk, `${metadata_folder}/root.json`, bytes);
}

/** 5.1 to 5.6, for the top-level roles. @throws Distrust */
export async function refresh(ports: Ports, place: Place): Promise<Session> {
  const session = await open(ports, place);
  await updateRoot(session);
  const local = await updateTimestamp(session);
  await updateSnapshot(session, local);
  await updateTargets(session, 'targets', 'root');
  return session;
}

/** @throws Distrust */
export async function download(ports: Ports, place: Place, wanted: Wanted): Promise<void> {
  const session = await refresh(ports, place);
  const target = await findTarget(session, wanted.path);
  if (!target) throw new Distrust('not_found', `no role that may vouch for ${wanted.path} lists it`);
  await fetchArtifact(ports, session, target, wanted);
}

async function open(ports: Ports, { metadata_folder, metadata_url }: Place): Promise<Session> {
  const { disk, clock } = ports;
  const floorPlace = { ...ports, folder: `${metadata_folder}/floor` };
  await makeFolderDurable(disk, floorPlace.folder);
  const pathOf = (role: string) => `${metadata_folder}/${fileNameOf(role)}.json`;
  let floor = await readFloor(floorPlace);
  const session: Session = await openSession(
    {
      ...ports,
      source: metadata_url,
      metadata_url: metadata_url.replace(/\/+$/, ''),
      floor,
      own_time_ms: clock.now_ms(),
      shelf: {
        read: (role) => readFile(disk, pathOf(role), role),
        async keep(role, _, bytes) {
          floor = raiseBy(floor, seenBy(session.store, ports.sha256, undefined), role);
          await writeAtomic(disk, pathOf(role), bytes);
          await writeFloor(floorPlace, floor);
        },
      },
    },
    async (now_ms) => openStore(await readFile(disk, pathOf('root'), 'root'), now_ms),
  );
  return session;
}

/**
 * The floor with one role more. Kedge holds a role to its floor for as long as its own keys stay; the specification frees
 * all of them when the keys of timestamp or snapshot change (5.3.11), and so does this client.
 * @throws Distrust when the role is older than the floor
 */
function raiseBy(floor: Floor, seen: Floor, role: string): Floor {
  const now = seen.roles[role];
  // Delegated roles are held by the snapshot alone: their names are anybody's choice.
  if (!now) return floor;
  const { root } = floor.roles;
  const isFreed = role !== 'root' && replacedRoles(floor, seen).has('timestamp');
  const roles = isFreed ? (root ? { root } : {}) : floor.roles;
  return raise({ ...floor, roles }, { ...seen, roles: { [role]: now } });
}
