/** Releases that their vendor has withdrawn. The list is a TUF target of the revocations role. */

import { instant, name, sha256Hex } from './manifest.ts';
import { type Infer, integer, list, object, oneOf, text } from './parse.ts';
import { versionText } from './version.ts';

export const revocation = object({
  manifest_sha256: sha256Hex,
  product: name,
  version: versionText,
  reason: text(),
  /** `refuse`: never install it. `roll_back`: leave it as well where it is installed. */
  action: oneOf('refuse', 'roll_back'),
  revoked_at: instant,
});
export type Revocation = Infer<typeof revocation>;

export const revocationList = object({
  format: oneOf('kedge-revocations/1'),
  /** Grows with every list: a device never goes back to a lower one. */
  sequence: integer({ min: 0 }),
  issued_at: instant,
  entries: list(revocation, { max: 100_000 }),
});
export type RevocationList = Infer<typeof revocationList>;

/** Of several entries for one release, the sternest. */
export function findRevocation(list: RevocationList, manifest_sha256: string): Revocation | undefined {
  const entries = list.entries.filter((entry) => entry.manifest_sha256 === manifest_sha256);
  return entries.find((entry) => entry.action === 'roll_back') ?? entries[0];
}
