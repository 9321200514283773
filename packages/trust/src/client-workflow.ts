/** The client workflow of TUF 1.0 (https://theupdateframework.github.io/specification/latest/#detailed-client-workflow). */

import type { Channel } from '@kedge/core/channel';
import type { Clock, Disk, Net, Sha256 } from '@kedge/core/ports';
import { EqualVersionError } from 'tuf-js/dist/error.js';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { writeAtomic } from './atomic-file.ts';
import { believing, Distrust } from './distrust.ts';
import { fetchFile, joinUrl } from './fetch-file.ts';
import { type Floor, raise, readFloor, replacedRoles } from './floor.ts';
import { keepSet } from './keep-set.ts';
import { metadataLimit_bytes, root_rotations_max, source_time_ms_max } from './limits.ts';
import { metadataFile, readFile, setTime, toBuffer, updateRole, versionIn } from './metadata-set.ts';
import { loadRevocations } from './revocations.ts';
import { trustedRoots } from './root.ts';
import { seenBy, timestampSignedAt } from './seen.ts';

export type WorkflowOptions = {
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

type Session = WorkflowOptions & {
  readonly source: string;
  readonly deadline_ms: number;
  readonly floor: Floor;
  readonly store: TrustedMetadataStore;
  /** By the device alone. */
  readonly own_time_ms: number;
  /** A trusted timestamp proves that its signing is past: time grows with it, for as long as its keys count. */
  now_ms: number;
  /** By name in `metadata/`; kept only once all of it has been verified. */
  readonly fetched: Map<string, Uint8Array>;
  root_changed: boolean;
};

/** @throws Distrust, with nothing kept but new roots */
export async function followSource(options: WorkflowOptions, source: string): Promise<'current' | 'changed'> {
  const floor = await readFloor(options);
  // 5.1: the time of the whole update is fixed here.
  const own_time_ms = Math.max(options.clock.now_ms(), options.build_time_ms);
  const now_ms = Math.max(own_time_ms, signedAt_ms(floor.signed_at));
  // 5.2: load the trusted root.
  const [store] = await trustedRoots(options, now_ms);
  const session: Session = {
    ...options,
    source,
    floor,
    own_time_ms,
    now_ms,
    deadline_ms: options.clock.monotonic_ms() + source_time_ms_max,
    store,
    fetched: new Map(),
    root_changed: false,
  };
  await updateRoot(session);
  const local = await updateTimestamp(session);
  await updateSnapshot(session, local);
  await updateTargets(session);
  const revocations = await loadRevocations(session);
  const raised = raise(floor, seenBy(store, session.sha256, revocations.list));
  await keepSet(session, raised, revocations.fetched);
  return session.root_changed || session.fetched.size > 0 || revocations.fetched ? 'changed' : 'current';
}

/** 5.3 */
async function updateRoot(session: Session): Promise<void> {
  const { store } = session;
  for (let rotations = 0; rotations < root_rotations_max; rotations += 1) {
    const file = `${store.root.signed.version + 1}.root.json`;
    const bytes = await fetchMetadata(session, file, 'root');
    // 5.3.3: the one at hand is the newest.
    if (!bytes) return;
    // 5.3.4 to 5.3.7
    believing(file, session.now_ms, () => store.updateRoot(toBuffer(bytes)));
    // 5.3.8
    await writeAtomic(session.disk, `${session.folder}/metadata/${file}`, bytes);
    session.root_changed = true;
  }
}

/** 5.4. Returns the version of the snapshot that is on this device. */
async function updateTimestamp(session: Session): Promise<number | undefined> {
  const { store } = session;
  const local = await loadLocalTimestamp(session);
  const bytes = await fetchMetadata(session, 'timestamp.json', 'timestamp');
  if (!bytes) {
    throw new Distrust('not_found', `there is no repository at ${session.source}: check the source's address`);
  }
  try {
    // 5.4.2 to 5.4.4
    believing('timestamp.json', session.now_ms, () => store.updateTimestamp(toBuffer(bytes)));
    session.fetched.set('timestamp.json', bytes);
  } catch (error) {
    // 5.4.3: nothing is new.
    if (!(error instanceof Distrust && error.cause instanceof EqualVersionError)) throw error;
  }
  session.now_ms = Math.max(session.now_ms, signedAt_ms(timestampSignedAt(store)));
  setTime(store, session.now_ms);
  return local;
}

async function loadLocalTimestamp(session: Session): Promise<number | undefined> {
  const { store, floor } = session;
  // 5.3.11: what the replaced keys have signed is forgotten, and so is the time that they have told.
  if (replacedRoles(floor, seenBy(store, session.sha256, undefined)).has('timestamp')) {
    session.now_ms = session.own_time_ms;
    setTime(store, session.now_ms);
    return undefined;
  }
  await tryLocal(session, 'timestamp.json', 'timestamp', (bytes) => store.updateTimestamp(bytes));
  return store.timestamp?.signed.snapshotMeta.version;
}

/** 5.5 */
async function updateSnapshot(session: Session, local: number | undefined): Promise<void> {
  const { store } = session;
  const wanted = store.timestamp?.signed.snapshotMeta.version;
  if (wanted === undefined) throw new Error('a snapshot is looked for before the timestamp');
  if (local !== undefined) {
    const file = metadataFile('snapshot', local);
    // An older one still says which versions must not come back (5.5.5).
    const found = await tryLocal(session, file, 'snapshot', (bytes) => store.updateSnapshot(bytes, local !== wanted));
    if (found) return;
  }
  await fetchSigned(session, metadataFile('snapshot', wanted), 'snapshot', (bytes) => store.updateSnapshot(bytes));
}

/** 5.6, for the roles that this device reads. */
async function updateTargets(session: Session): Promise<void> {
  const { snapshot } = session.store;
  if (!snapshot) throw new Error('targets are looked for before the snapshot');
  const roles = ['targets', ...session.channels, 'rollouts', 'revocations'] as const;
  for (const role of roles) {
    const file = metadataFile(role, versionIn(snapshot, role));
    const update = (bytes: Buffer) => updateRole(session.store, role, bytes);
    if (await tryLocal(session, file, role, update)) continue;
    await fetchSigned(session, file, role, update);
  }
}

/** Whether the file on this device was good. A torn or an old one is fetched again. */
async function tryLocal(
  session: Session,
  file: string,
  role: string,
  use: (bytes: Buffer) => unknown,
): Promise<boolean> {
  try {
    const bytes = await readFile(session.disk, `${session.folder}/metadata/${file}`, role);
    believing(file, session.now_ms, () => use(bytes));
    return true;
  } catch (error) {
    if (error instanceof Distrust) return false;
    throw error;
  }
}

async function fetchSigned(
  session: Session,
  file: string,
  role: string,
  use: (bytes: Buffer) => unknown,
): Promise<void> {
  const bytes = await fetchMetadata(session, file, role);
  if (!bytes) {
    throw new Distrust('not_found', `${session.source} lacks ${file}: it may be half copied; try again later`);
  }
  believing(file, session.now_ms, () => use(toBuffer(bytes)));
  session.fetched.set(file, bytes);
}

function fetchMetadata(session: Session, file: string, role: string): Promise<Uint8Array | undefined> {
  return fetchFile(session, {
    url: joinUrl(session.source, `metadata/${file}`),
    limit_bytes: metadataLimit_bytes(role),
    deadline_ms: session.deadline_ms,
  });
}

function signedAt_ms(signed_at: string | null): number {
  return signed_at === null ? 0 : Date.parse(signed_at);
}
