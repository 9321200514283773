/** Nothing is installed that the device knew to be withdrawn when it began. */

import type { JournalRecord } from '@kedge/core/journal';
import { findRevocation, type RevocationList } from '@kedge/core/revocation';

export function withdrawnInstalled(record: JournalRecord, known: RevocationList | undefined): string | undefined {
  if (record.kind !== 'STAGING' || !known) return undefined;
  const { version, manifest_sha256 } = record.to;
  return findRevocation(known, manifest_sha256) && `${version} is installed, though it is known to be withdrawn`;
}
