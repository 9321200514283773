/**
 * The version floor: the newest of everything that this device has trusted. It is kept twice, apart from the metadata,
 * so that deleting or tearing the metadata does not open the way to an old release.
 */

import { digestOfText } from '@kedge/core/digest';
import { instant, name, sha256Hex } from '@kedge/core/manifest';
import { type Infer, InvalidInput, integer, nullable, object, parseJson, table } from '@kedge/core/parse';
import { type Disk, errorCode, type Sha256 } from '@kedge/core/ports';
import { writeAtomic } from './atomic-file.ts';
import { Distrust } from './distrust.ts';
import { floor_bytes_max } from './limits.ts';

const roleFloor = object({
  version: integer({ min: 1 }),
  /** Digest of the key set that signed it. */
  keys_sha256: sha256Hex,
});

export const floor = object({
  roles: table(name, roleFloor),
  /** Of the newest trusted timestamp. */
  signed_at: nullable(instant),
  revocation_sequence: integer({ min: 0 }),
});
export type Floor = Infer<typeof floor>;

const floorFile = object({ sha256: sha256Hex, floor });

export type FloorPlace = { readonly disk: Disk; readonly sha256: Sha256; readonly folder: string };

export const noFloor: Floor = { roles: {}, signed_at: null, revocation_sequence: 0 };

const copies = ['floor.a.json', 'floor.b.json'] as const;

/** The higher of the copies that are whole. No copy at all is a new device. */
export async function readFloor(place: FloorPlace): Promise<Floor> {
  let highest = noFloor;
  for (const copy of copies) highest = higher(highest, (await readCopy(place, copy)) ?? noFloor);
  return highest;
}

/** One copy is whole at any instant. A copy that says the same already is not written again. */
export async function writeFloor(place: FloorPlace, floor: Floor): Promise<void> {
  const text = encode(place.sha256, floor);
  for (const copy of copies) {
    const current = await readCopy(place, copy);
    if (current && encode(place.sha256, current) === text) continue;
    await writeAtomic(place.disk, `${place.folder}/${copy}`, new TextEncoder().encode(text));
  }
}

/**
 * The floor once this has been trusted. A floor counts only for the key set that signed it: a publisher who replaces
 * stolen keys must not be held to the versions that the thief signed (client workflow 5.3.11). Root's always counts: its
 * versions are a chain.
 * @throws Distrust when something is older than the floor
 */
export function raise(current: Floor, seen: Floor): Floor {
  const replaced = replacedRoles(current, seen);
  const roles: Record<string, Floor['roles'][string]> = { ...current.roles };
  for (const [role, now] of Object.entries(seen.roles)) {
    const before = current.roles[role];
    if (!Number.isSafeInteger(now.version) || now.version < 1)
      throw new Distrust('malformed', `${role} has version ${now.version}`);
    if (before && !replaced.has(role) && now.version < before.version)
      throw rolledBack(role, now.version, before.version);
    roles[role] = now;
  }
  const sequence = replaced.has('revocations') ? 0 : current.revocation_sequence;
  if (seen.revocation_sequence < sequence) throw rolledBack('revocation list', seen.revocation_sequence, sequence);
  return {
    roles,
    signed_at: latest(replaced.has('timestamp') ? null : current.signed_at, seen.signed_at),
    revocation_sequence: seen.revocation_sequence,
  };
}

/** Roles whose keys are not those of the floor. Timestamp and snapshot go together, as 5.3.11 wants it. */
export function replacedRoles(current: Floor, seen: Floor): ReadonlySet<string> {
  const replaced = new Set<string>();
  for (const [role, { keys_sha256 }] of Object.entries(seen.roles)) {
    const before = current.roles[role];
    if (role !== 'root' && before && before.keys_sha256 !== keys_sha256) replaced.add(role);
  }
  if (replaced.has('timestamp') || replaced.has('snapshot')) replaced.add('timestamp').add('snapshot');
  return replaced;
}

export function keysDigest(
  sha256: Sha256,
  role: { readonly keyIDs: readonly string[]; readonly threshold: number },
): string {
  return digestOfText(sha256, `${role.threshold} ${role.keyIDs.toSorted().join(' ')}`);
}

async function readCopy(place: FloorPlace, copy: string): Promise<Floor | undefined> {
  try {
    const bytes = await place.disk.read(`${place.folder}/${copy}`, floor_bytes_max);
    if (!bytes) return undefined;
    const file = parseJson(floorFile, new TextDecoder().decode(bytes), copy);
    return file.sha256 === digest(place.sha256, file.floor) ? file.floor : undefined;
  } catch (error) {
    // A torn copy is what the other copy is for.
    if (error instanceof InvalidInput || errorCode(error) === 'EFBIG') return undefined;
    throw error;
  }
}

/** Of two copies; the keys are those of the copy that knows the newer root, since `raise` has already judged them. */
function higher(a: Floor, b: Floor): Floor {
  const [older, newer] = (b.roles['root']?.version ?? 0) > (a.roles['root']?.version ?? 0) ? [a, b] : [b, a];
  const roles: Record<string, Floor['roles'][string]> = { ...older.roles };
  for (const [role, one] of Object.entries(newer.roles)) {
    const other = older.roles[role];
    roles[role] = other?.keys_sha256 === one.keys_sha256 && other.version > one.version ? other : one;
  }
  const replaced = replacedRoles(older, newer);
  return {
    roles,
    signed_at: latest(replaced.has('timestamp') ? null : older.signed_at, newer.signed_at),
    revocation_sequence: Math.max(
      replaced.has('revocations') ? 0 : older.revocation_sequence,
      newer.revocation_sequence,
    ),
  };
}

function encode(sha256: Sha256, floor: Floor): string {
  const { roles, signed_at, revocation_sequence } = floor;
  const sorted = Object.fromEntries(Object.entries(roles).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const ordered = { roles: sorted, signed_at, revocation_sequence };
  return `${JSON.stringify({ sha256: digest(sha256, ordered), floor: ordered })}\n`;
}

/** Over the text as it is written: the parser keeps the order of fields. */
function digest(sha256: Sha256, floor: Floor): string {
  return digestOfText(sha256, JSON.stringify(floor));
}

function latest(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  return Date.parse(a) > Date.parse(b) ? a : b;
}

function rolledBack(what: string, got: number, trusted: number): Distrust {
  return new Distrust(
    'rolled_back',
    `${what} ${got} is offered, but this device has trusted ${trusted} before: use another source, or wait until it is up to date`,
  );
}
