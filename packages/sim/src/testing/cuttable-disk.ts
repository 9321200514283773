/** A real disk whose power goes away at a chosen moment: nothing is read or written from then on. */

import { type JournalState, journalRecord } from '@kedge/core/journal';
import { anything, object, parseJson } from '@kedge/core/parse';
import type { Disk } from '@kedge/core/ports';

export class PowerLost extends Error {
  override readonly name = 'PowerLost';
}

/**
 * @param moment a state: as soon as the journal with it is durable, before the effect that it announces; a path: as soon
 *   as a file there was removed
 */
export function cuttableDisk(disk: Disk, moment: JournalState | RegExp): Disk {
  let isOn = true;
  let isJournalWritten = false;

  async function whileOn<T>(work: () => Promise<T>): Promise<T> {
    if (!isOn) throw new PowerLost('the power is off');
    return work();
  }

  async function cutAt(folder: string): Promise<void> {
    const bytes = isJournalWritten ? await disk.read(`${folder}/journal.json`, 1_000_000) : undefined;
    isJournalWritten = false;
    if (bytes && stateIn(new TextDecoder().decode(bytes)) === moment) cut();
  }

  function cut(): never {
    isOn = false;
    throw new PowerLost(`the power went at ${moment}`);
  }

  return {
    stat: (path) => whileOn(() => disk.stat(path)),
    list: (path) => whileOn(() => disk.list(path)),
    read: (path, limit_bytes) => whileOn(() => disk.read(path, limit_bytes)),
    async *stream(path, from_bytes) {
      if (!isOn) throw new PowerLost('the power is off');
      yield* disk.stream(path, from_bytes);
    },
    open: (path, how, mode) => whileOn(() => disk.open(path, how, mode)),
    makeFolder: (path, mode) => whileOn(() => disk.makeFolder(path, mode)),
    rename: (from, to) =>
      whileOn(async () => {
        await disk.rename(from, to);
        isJournalWritten ||= to.endsWith('/journal.json');
      }),
    removeFile: (path) =>
      whileOn(async () => {
        await disk.removeFile(path);
        if (moment instanceof RegExp && moment.test(path)) cut();
      }),
    removeFolder: (path) => whileOn(() => disk.removeFolder(path)),
    symlink: (target, path) => whileOn(() => disk.symlink(target, path)),
    setMode: (path, mode) => whileOn(() => disk.setMode(path, mode)),
    syncFolder: (path) =>
      whileOn(async () => {
        await disk.syncFolder(path);
        await cutAt(path);
      }),
    freeSpace: (path) => whileOn(() => disk.freeSpace(path)),
  };
}

function stateIn(text: string): JournalState {
  const file = parseJson(object({ format: anything, checksum: anything, content: journalRecord }), text, 'journal');
  return file.content.kind;
}
