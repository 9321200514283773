/** Why data could not be backed up, migrated or restored, in one line that says what to try next. */

import { errorCode } from '@kedge/core/ports';

/** With a `code` it is the device that is at fault, as with any port; without one it is the release. */
export class DataError extends Error {
  readonly code: string | undefined;

  constructor(message: string, options?: ErrorOptions & { readonly code?: string }) {
    super(message, options);
    this.name = 'DataError';
    this.code = options?.code;
  }
}

/** @param what was being done, as "the backup of /data/app.db". A `DataError` stays as it is. */
export function dataError(what: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = deviceCode(cause);
  if (code === undefined) return new DataError(`${what} failed: ${message}`, { cause });
  return new DataError(`${what} failed: ${message}; ${advice[code] ?? 'check the disk'}`, { cause, code });
}

const advice: { readonly [code: string]: string } = {
  EACCES: 'give the agent the right to write there',
  EBUSY: 'stop whatever else uses it',
  EDQUOT: 'free some space',
  ENOMEM: 'stop other programs',
  ENOSPC: 'free some space',
  EPERM: 'give the agent the right to do that',
  EROFS: 'mount it for writing',
};

/** Result codes of SQLite (https://sqlite.org/rescode.html) that tell of the device, as errno names. */
const sqliteDeviceCodes: { readonly [code: number]: string } = {
  3: 'EACCES', // PERM
  5: 'EBUSY',
  6: 'EBUSY', // LOCKED
  7: 'ENOMEM',
  8: 'EACCES', // READONLY
  10: 'EIO', // IOERR
  11: 'EIO', // CORRUPT
  13: 'ENOSPC', // FULL
  14: 'EACCES', // CANTOPEN
  26: 'EIO', // NOTADB
};

function deviceCode(cause: unknown): string | undefined {
  const code = sqliteCode(cause);
  return code === undefined ? errorCode(cause) : sqliteDeviceCodes[code];
}

/** The primary result code of SQLite, or undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
