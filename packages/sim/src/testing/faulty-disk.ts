/** A real disk on which some operations fail, as they do when it is full or broken. */

import type { Disk, DiskWriter } from '@kedge/core/ports';

export type Fault = {
  readonly operation: 'open' | 'write' | 'rename' | 'syncFolder' | 'freeSpace' | 'stream' | 'read';
  /** Of the path; that of the target where there are two. */
  readonly path: RegExp;
  readonly code: 'ENOSPC' | 'EIO' | 'EROFS';
};

export type FaultyDisk = Disk & {
  /** From now on; undefined: it works again. */
  break(fault: Fault | undefined): void;
};

export function faultyDisk(disk: Disk): FaultyDisk {
  let fault: Fault | undefined;

  function check(operation: Fault['operation'], path: string): void {
    if (fault?.operation !== operation || !fault.path.test(path)) return;
    throw Object.assign(new Error(`${fault.code}: ${operation} ${path}`), { code: fault.code });
  }

  return {
    ...disk,
    break(next) {
      fault = next;
    },
    async open(path, how, mode): Promise<DiskWriter> {
      check('open', path);
      const file = await disk.open(path, how, mode);
      return {
        ...file,
        async write(bytes) {
          check('write', path);
          await file.write(bytes);
        },
      };
    },
    async rename(from, to) {
      check('rename', to);
      await disk.rename(from, to);
    },
    async syncFolder(path) {
      check('syncFolder', path);
      await disk.syncFolder(path);
    },
    async freeSpace(path) {
      check('freeSpace', path);
      return disk.freeSpace(path);
    },
    async *stream(path, from_bytes) {
      check('stream', path);
      yield* disk.stream(path, from_bytes);
    },
    async read(path, limit_bytes) {
      check('read', path);
      return disk.read(path, limit_bytes);
    },
  };
}
