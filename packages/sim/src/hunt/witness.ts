/** Who watches a device from outside, through all its lives: what it must end up with, and what it must never do. */

import type { AgentEvent } from '@kedge/agent/device';
import { pathsIn } from '@kedge/agent/device';
import { openJournal } from '@kedge/agent/journal/journal';
import type { JournalRecord } from '@kedge/core/journal';
import { sha256 } from '@kedge/trust/os/sha256';
import { readRevocations } from '@kedge/trust/revocations';
import { watchRetries } from '../checkers/failed-not-retried.ts';
import { withdrawnInstalled } from '../checkers/withdrawn-not-installed.ts';
import type { FileSystem } from '../disk/model.ts';
import { simulatedDisk } from '../disk/simulated-disk.ts';
import type { History } from '../simulated-app.ts';
import { device_folder } from '../simulated-device.ts';
import { goodHealths, type ReleasePlan } from './scenario.ts';

export type Complaint = { readonly checker: string; readonly problem: string };

export type Witness = {
  onEvent(event: AgentEvent): void;
  /** What a killed agent wrote last, it could not tell. */
  onBoot(): void;
  onBackup(id: string): void;
  /** A person says that the version may be tried again, which is so once he has been heard. */
  forgive(version: string, heard: Promise<void>): Promise<void>;
  /** Whether it need not be tried again here. */
  hasFailed(version: string): boolean;
  /** Waits for what was seen to be understood. */
  settle(): Promise<void>;
  readonly complaints: Complaint[];
  /** What the last update that came to an end left; undefined before any did. */
  expected(): string | undefined;
  given_up(): readonly { readonly from: number; readonly until: number }[];
  /** Updates that came to an end, by outcome. */
  readonly ends: Map<string, number>;
};

export function createWitness(
  history: History,
  system: () => FileSystem,
  planOf: (version: string) => ReleasePlan | undefined,
): Witness {
  const retries = watchRetries();
  const complaints: Complaint[] = [];
  const ends = new Map<string, number>();
  const rowsAtBackup = new Map<string, number>();
  const given_up: { from: number; until: number }[] = [];
  const ended = new Set<string>();
  /** Versions that a person spoke for right when the device went down: they may be tried again, or not. */
  const unheard = new Set<string>();
  let expected: string | undefined;
  let pending: Promise<void> = Promise.resolve();

  function complain(checker: string, problem: string | undefined): void {
    if (problem !== undefined) complaints.push({ checker, problem });
  }

  function onComplete(record: JournalRecord & { readonly kind: 'COMPLETE' }, rows: number): void {
    const { id, outcome, from, to, backup, lost_writes } = record;
    ended.add(id);
    ends.set(outcome, (ends.get(outcome) ?? 0) + 1);
    expected = outcome === 'committed' ? to.version : from?.version;
    const plan = planOf(to.version);
    if (outcome === 'committed' && !(plan && goodHealths.has(plan.health) && !plan.foreign)) {
      complain('goodRelease', `${to.version} was committed, and it is ${plan?.foreign ? 'foreign' : plan?.health}`);
    }
    if (lost_writes) given_up.push({ from: rowsAtBackup.get(backup?.id ?? '') ?? 0, until: rows });
  }

  function readJournal(): void {
    // Both are read now, as they are; they are understood later.
    const disk = simulatedDisk(system(), () => undefined);
    const paths = pathsIn(device_folder);
    const journal = openJournal({ disk, sha256 }, paths.journal, () => undefined).read();
    const revocations = readRevocations({ disk, sha256, folder: paths.trust });
    const rows = history.promised.length;
    pending = pending.then(async () => {
      const reading = await journal;
      if (reading.kind === 'damaged') complain('journal', reading.problem);
      // What is known already stays in the journal, and a person may have lifted its pin since.
      if (reading.kind !== 'read' || ended.has(reading.value.id)) return;
      complain('failedNotRetried', retries.onRecord(reading.value));
      complain('withdrawnNotInstalled', withdrawnInstalled(reading.value, (await revocations)?.list));
      if (reading.value.kind === 'COMPLETE') onComplete(reading.value, rows);
    });
  }

  return {
    onEvent(event) {
      // A record whose sync failed is announced by nothing but the report that the next look makes of it.
      if (event.kind === 'state' || event.kind === 'report') readJournal();
    },
    onBoot: readJournal,
    onBackup: (id) => void rowsAtBackup.set(id, history.promised.length),
    async forgive(version, heard) {
      if (retries.hasFailed(version)) unheard.add(version);
      retries.forgive(version);
      await heard;
      unheard.delete(version);
    },
    hasFailed: (version) => retries.hasFailed(version) || unheard.has(version),
    settle: () => pending,
    complaints,
    expected: () => expected,
    given_up: () => given_up,
    ends,
  };
}
