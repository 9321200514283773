/** A disk whose power goes at one of its changes: that one and all later ones do not happen. */

import type { Disk, DiskWriter } from '@kedge/core/ports';

export type FailingDisk = { readonly disk: Disk /** Changes so far. */; changes(): number };

/** @param fails_at the number of the first change that fails, from 1; 0: none */
export function failingDisk(disk: Disk, fails_at: number): FailingDisk {
  let changes = 0;
  const change = <A extends readonly unknown[], R>(operation: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      changes += 1;
      if (fails_at !== 0 && changes >= fails_at) throw Object.assign(new Error('power cut'), { code: 'EIO' });
      return operation(...args);
    };
  };
  return {
    changes: () => changes,
    disk: {
      ...disk,
      open: change(async (path, how, mode): Promise<DiskWriter> => {
        const file = await disk.open(path, how, mode);
        return {
          write: change((bytes) => file.write(bytes)),
          sync: change(() => file.sync()),
          close: () => file.close(),
        };
      }),
      makeFolder: change((path, mode) => disk.makeFolder(path, mode)),
      rename: change((from, to) => disk.rename(from, to)),
      removeFile: change((path) => disk.removeFile(path)),
      removeFolder: change((path) => disk.removeFolder(path)),
      symlink: change((target, path) => disk.symlink(target, path)),
      syncFolder: change((path) => disk.syncFolder(path)),
    },
  };
}
