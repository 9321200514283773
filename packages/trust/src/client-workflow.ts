/**
 * The client workflow of TUF 1.0, a function for each step
 * (https://theupdateframework.github.io/specification/latest/#detailed-client-workflow). Which roles there are, and when
 * what was verified is kept, is for the caller to say: `follow-source.ts` for devices.
 */

import type { Clock, Net, Sha256 } from '@kedge/core/ports';
import { EqualVersionError } from 'tuf-js/dist/error.js';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { believing, Distrust } from './distrust.ts';
import { fetchFile } from './fetch-file.ts';
import { type Floor, replacedRoles } from './floor.ts';
import { metadataLimit_bytes, root_rotations_max, source_time_ms_max } from './limits.ts';
import { metadataFile, setTime, toBuffer, updateRole, versionIn } from './metadata-set.ts';
import { seenBy, timestampSignedAt } from './seen.ts';

/** Where this client keeps what it has come to trust. */
export type Shelf = {
  /** @throws Distrust when it is missing, or longer than any such file is */
  read(role: string, version: number): Promise<Buffer>;
  /** Called with each file right after it has been verified. */
  keep(role: string, version: number, bytes: Uint8Array): Promise<void>;
};

export type SessionOptions = {
  readonly net: Net;
  readonly clock: Clock;
  readonly sha256: Sha256;
  /** As people know it. */
  readonly source: string;
  /** Of the folder that holds `timestamp.json`, without a slash at its end. */
  readonly metadata_url: string;
  readonly shelf: Shelf;
  readonly floor: Floor;
  /** By the device alone. */
  readonly own_time_ms: number;
};

export type Session = SessionOptions & {
  readonly deadline_ms: number;
  readonly store: TrustedMetadataStore;
  /** A trusted timestamp proves that its signing is past: time grows with it, for as long as its keys count. */
  now_ms: number;
};

/** @param openTrusted gives the trusted root (5.2), which tells the time at which the whole update happens (5.1) */
export async function openSession(
  options: SessionOptions,
  openTrusted: (now_ms: number) => Promise<TrustedMetadataStore>,
): Promise<Session> {
  const now_ms = Math.max(options.own_time_ms, signedAt_ms(options.floor.signed_at));
  const deadline_ms = options.clock.monotonic_ms() + source_time_ms_max;
  return { ...options, now_ms, deadline_ms, store: await openTrusted(now_ms) };
}

/** 5.3 */
export async function updateRoot(session: Session): Promise<void> {
  const { store } = session;
  for (let rotations = 0; rotations < root_rotations_max; rotations += 1) {
    const version = store.root.signed.version + 1;
    const file = metadataFile('root', version);
    const bytes = await fetchMetadata(session, file, 'root');
    // 5.3.3: the one at hand is the newest.
    if (!bytes) return;
    // 5.3.4 to 5.3.7
    believing(file, session.now_ms, () => store.updateRoot(toBuffer(bytes)));
    // 5.3.8
    await session.shelf.keep('root', version, bytes);
  }
}

/** 5.4. Returns the version of the snapshot that is on this device. */
export async function updateTimestamp(session: Session): Promise<number | undefined> {
  const { store } = session;
  const local = await loadLocalTimestamp(session);
  const bytes = await fetchMetadata(session, 'timestamp.json', 'timestamp');
  if (!bytes) {
    throw new Distrust('not_found', `there is no repository at ${session.source}: check the source's address`);
  }
  try {
    // 5.4.2 to 5.4.4
    const { signed } = believing('timestamp.json', session.now_ms, () => store.updateTimestamp(toBuffer(bytes)));
    await session.shelf.keep('timestamp', signed.version, bytes);
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
  // The version of a timestamp is not in its file's name.
  await tryLocal(session, 'timestamp', 0, (bytes) => store.updateTimestamp(bytes));
  return store.timestamp?.signed.snapshotMeta.version;
}

/** 5.5 */
export async function updateSnapshot(session: Session, local: number | undefined): Promise<void> {
  const { store } = session;
  const wanted = store.timestamp?.signed.snapshotMeta.version;
  if (wanted === undefined) throw new Error('a snapshot is looked for before the timestamp');
  if (local !== undefined) {
    if (await tryLocal(session, 'snapshot', local, (bytes) => store.updateSnapshot(bytes))) return;
    // An older one still says which versions must not come back (5.5.5).
    await tryLocal(session, 'snapshot', local, (bytes) => store.updateSnapshot(bytes, true));
  }
  await fetchSigned(session, 'snapshot', wanted, (bytes) => store.updateSnapshot(bytes));
}

/** 5.6, for one role that lists targets. */
export async function updateTargets(session: Session, role: string, delegator: string): Promise<void> {
  const { snapshot } = session.store;
  if (!snapshot) throw new Error('targets are looked for before the snapshot');
  const version = versionIn(snapshot, role);
  const update = (bytes: Buffer) => updateRole(session.store, role, delegator, bytes);
  if (await tryLocal(session, role, version, update)) return;
  await fetchSigned(session, role, version, update);
}

/** Whether the file on this device was good. A torn or an old one is fetched again. */
async function tryLocal(
  session: Session,
  role: string,
  version: number,
  use: (bytes: Buffer) => unknown,
): Promise<boolean> {
  try {
    const bytes = await session.shelf.read(role, version);
    believing(metadataFile(role, version), session.now_ms, () => use(bytes));
    return true;
  } catch (error) {
    if (error instanceof Distrust) return false;
    throw error;
  }
}

async function fetchSigned(
  session: Session,
  role: string,
  version: number,
  use: (bytes: Buffer) => unknown,
): Promise<void> {
  // 6.2: with consistent snapshots, a repository keeps every version under a name of its own.
  const file = session.store.root.signed.consistentSnapshot ? metadataFile(role, version) : `${role}.json`;
  const bytes = await fetchMetadata(session, file, role);
  if (!bytes) {
    throw new Distrust('not_found', `${session.source} lacks ${file}: it may be half copied; try again later`);
  }
  believing(file, session.now_ms, () => use(toBuffer(bytes)));
  await session.shelf.keep(role, version, bytes);
}

async function fetchMetadata(session: Session, file: string, role: string): Promise<Uint8Array | undefined> {
  if (!file.isWellFormed()) throw new Distrust('malformed', 'a role has a name that is no Unicode text');
  return fetchFile(session, {
    url: `${session.metadata_url}/${encodeURIComponent(file)}`,
    limit_bytes: metadataLimit_bytes(role),
    deadline_ms: session.deadline_ms,
  });
}

function signedAt_ms(signed_at: string | null): number {
  return signed_at === null ? 0 : Date.parse(signed_at);
}
