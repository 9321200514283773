/** The only memory of an update in flight. It is written before the effect that it announces. */

import { type JournalRecord, type JournalState, journalRecord, type UpdateInFlight } from '@kedge/core/journal';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { type JournalEvent, nextState } from '@kedge/core/stage';
import { parentOf } from '@kedge/trust/atomic-file';
import { type Reading, stateFile } from '../state-file.ts';

export type RollingBack = JournalRecord & { readonly kind: 'ROLLING_BACK' };
export type Complete = JournalRecord & { readonly kind: 'COMPLETE' };

export type Journal = {
  read(): Promise<Reading<JournalRecord>>;
  /**
   * Durable on return. The record replaces the one before.
   * @throws when the table in `core/src/stage.ts` does not lead from there to here
   */
  record<R extends JournalRecord>(before: JournalState | null, event: JournalEvent, record: R): Promise<R>;
  /** Replaces a record by one of the same state. */
  amend<R extends JournalRecord>(record: R): Promise<R>;
  /**
   * Makes what was read durable. When it was the agent that died and not the power, or an fsync failed, a record may be
   * younger than the last sync: what cannot be done twice must not be done on its word.
   */
  keep(): Promise<void>;
  /** A journal that cannot be read, once all that it may have told of is undone. */
  forget(): Promise<void>;
};

export function openJournal(
  ports: { readonly disk: Disk; readonly sha256: Sha256 },
  path: string,
  onState: (state: JournalState) => void,
): Journal {
  const file = stateFile(ports, path, 'kedge-journal/1', journalRecord);
  return {
    read: file.read,
    async record(before, event, record) {
      const expected = nextState(before, event);
      if (expected !== record.kind) throw new Error(`the journal cannot go by ${event} to ${record.kind}`);
      await file.write(record);
      onState(record.kind);
      return record;
    },
    async amend(record) {
      await file.write(record);
      return record;
    },
    keep: () => ports.disk.syncFolder(parentOf(path)),
    async forget() {
      await ports.disk.removeFile(path);
      await ports.disk.syncFolder(parentOf(path));
    },
  };
}

/** What every state of an update carries on to the next. */
export function inFlight({ id, started_at, from, to, backup }: UpdateInFlight): UpdateInFlight {
  return { id, started_at, from, to, backup };
}
