import type { DiskFaultKind, FaultOf } from './fault.ts';

const codes: { readonly [K in DiskFaultKind]: string } = {
  full: 'ENOSPC',
  write_error: 'EIO',
  read_error: 'EIO',
  read_only: 'EROFS',
};

/** What takes no room on a disk is done on a full one as well. */
const roomless = new Set(['removeFile', 'removeFolder', 'rename', 'sync', 'syncFolder']);

/** The error that this operation ends with, if it meets the fault. */
export function diskError(fault: FaultOf<'disk'>, operation: string, number: number): Error | undefined {
  if (number < fault.from || number >= fault.from + fault.count) return undefined;
  if ((fault.how === 'read_error') !== (operation === 'read')) return undefined;
  if (fault.how === 'full' && roomless.has(operation)) return undefined;
  const code = codes[fault.how];
  return Object.assign(new Error(`${code}: ${operation}`), { code });
}
