/** A version that failed on this device, or that a person went back from, is not tried again until a person says so. */

import type { JournalRecord } from '@kedge/core/journal';

export type RetryWatch = {
  /** Every record that the journal has held, in order. Undefined: all is well. */
  onRecord(record: JournalRecord): string | undefined;
  hasFailed(version: string): boolean;
  forgive(version: string): void;
};

/** As the design has it; the agent's own bound is not asked. */
const interruptions_max = 3;

export function watchRetries(): RetryWatch {
  const failed = new Map<string, string>();
  /** By version: the updates that were cut off. */
  const interrupted = new Map<string, Set<string>>();

  return {
    onRecord(record) {
      const { version } = record.to;
      if (record.kind === 'STAGING') {
        const reason = failed.get(version);
        return reason === undefined ? undefined : `${version} is tried again, though it failed here: ${reason}`;
      }
      if (record.kind !== 'COMPLETE' || !record.failure) return undefined;
      const { fault, reason } = record.failure;
      if (fault === 'release' || fault === 'person') failed.set(version, reason);
      if (fault !== 'interrupted') return undefined;
      const updates = (interrupted.get(version) ?? new Set()).add(record.id);
      interrupted.set(version, updates);
      if (updates.size >= interruptions_max) failed.set(version, `${updates.size} updates to it were cut off`);
      return undefined;
    },
    hasFailed: (version) => failed.has(version),
    forgive(version) {
      failed.delete(version);
      interrupted.delete(version);
    },
  };
}
