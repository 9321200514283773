/** The small files in which the agent keeps what it must still know after a restart, beside the journal. */

import { channels } from '@kedge/core/channel';
import { backupRef, releaseRef } from '@kedge/core/journal';
import { instant, name } from '@kedge/core/manifest';
import { type Infer, integer, list, nullable, object, oneOf, variants, withDefault } from '@kedge/core/parse';
import { pin } from '@kedge/core/pin';
import type { Disk, Sha256 } from '@kedge/core/ports';
import { versionText } from '@kedge/core/version';
import { report } from './report.ts';
import { type StateFile, stateFile } from './state-file.ts';

/** The committed release: what `current` must point to whenever no update is in flight. */
const installed = object({
  current: releaseRef,
  previous: nullable(releaseRef),
  /** Of the data as `previous` left it. */
  backup: nullable(backupRef),
  since: instant,
});
export type Installed = Infer<typeof installed>;

/** What the device's owner decided. */
const owner = object({
  /** Instead of the configured one. */
  channel: withDefault(nullable(oneOf(...channels)), null),
  consents: withDefault(
    list(
      variants({
        approved: { version: versionText },
        postponed: { version: versionText, until_ms: integer({ min: 0 }) },
      }),
    ),
    [],
  ),
});
export type Owner = Infer<typeof owner>;

/** Versions that went wrong here. */
const trouble = object({
  pins: withDefault(list(pin), []),
  /** Updates that were cut off: a version that brings the whole device down is pinned out too. */
  interruptions: withDefault(list(object({ version: versionText, update_id: name })), []),
});
export type Trouble = Infer<typeof trouble>;

/** The newest report of each kind that a person asks about. */
const lately = object({
  checked: withDefault(nullable(report), null),
  updated: withDefault(nullable(report), null),
  refused: withDefault(nullable(report), null),
  went_wrong: withDefault(nullable(report), null),
});
export type Lately = Infer<typeof lately>;

export type Memory = {
  readonly installed: StateFile<Installed>;
  readonly owner: StateFile<Owner>;
  readonly trouble: StateFile<Trouble>;
  readonly lately: StateFile<Lately>;
};

export const nothing = {
  owner: { channel: null, consents: [] },
  trouble: { pins: [], interruptions: [] },
  lately: { checked: null, updated: null, refused: null, went_wrong: null },
} satisfies { owner: Owner; trouble: Trouble; lately: Lately };

export function openMemory(ports: { readonly disk: Disk; readonly sha256: Sha256 }, folder: string): Memory {
  return {
    installed: stateFile(ports, `${folder}/installed.json`, 'kedge-installed/1', installed),
    owner: stateFile(ports, `${folder}/owner.json`, 'kedge-owner/1', owner),
    trouble: stateFile(ports, `${folder}/trouble.json`, 'kedge-trouble/1', trouble),
    lately: stateFile(ports, `${folder}/lately.json`, 'kedge-lately/1', lately),
  };
}

/** A damaged file counts as empty: none of these may keep the agent from starting. */
export async function recall<T>(file: StateFile<T>, otherwise: T): Promise<T> {
  const reading = await file.read();
  return reading.kind === 'read' ? reading.value : otherwise;
}
