/** Why what a source gave is not believed. */

import { LengthOrHashMismatchError, UnsignedMetadataError } from '@tufjs/models/dist/error.js';
import { BadVersionError, ExpiredMetadataError } from 'tuf-js/dist/error.js';

export type DistrustReason =
  /** No connection, no name, or it broke off. */
  | 'unreachable'
  | 'timed_out'
  | 'not_found'
  | 'redirected'
  | 'server_error'
  | 'too_large'
  /** Not the JSON that should be there: a web page, an empty answer, a field of another kind. */
  | 'malformed'
  | 'bad_signature'
  /** Older than what this device has trusted before. */
  | 'rolled_back'
  /** Signed, but not what the file that names it says. */
  | 'mismatch'
  | 'expired';

export class Distrust extends Error {
  readonly reason: DistrustReason;

  constructor(reason: DistrustReason, message: string, options?: ErrorOptions) {
    super(oneLine(message), options);
    this.name = 'Distrust';
    this.reason = reason;
  }
}

/** The words of a hostile source end up in logs and on screens: they stay in their line, and do not fill it. */
function oneLine(message: string): string {
  const line = message.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return line.length > line_length_max ? `${line.slice(0, line_length_max - 3)}...` : line;
}

const line_length_max = 400;

/** Runs one step of the client workflow, and says in one line what it refused and what to try next. */
export function believing<T>(file: string, now_ms: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof Distrust || !(error instanceof Error)) throw error;
    throw explain(file, now_ms, error);
  }
}

function explain(file: string, now_ms: number, cause: Error): Distrust {
  const said = cause.message.trim();
  if (cause instanceof ExpiredMetadataError) {
    const date = new Date(now_ms).toISOString().slice(0, 10);
    const advice = `if this device's date, ${date}, is wrong, set its clock; else the publisher has to run "kedge refresh"`;
    return new Distrust('expired', `${said}: ${advice}`, { cause });
  }
  if (cause instanceof BadVersionError) {
    return new Distrust('rolled_back', `${file}: ${said}: an old copy; use another source, or wait`, { cause });
  }
  if (cause instanceof UnsignedMetadataError) {
    return new Distrust('bad_signature', `${file}: ${said}: not from this publisher; check the source's address`, {
      cause,
    });
  }
  if (cause instanceof LengthOrHashMismatchError) {
    return new Distrust('mismatch', `${file}: ${said}: files of different days were mixed; try again later`, { cause });
  }
  return new Distrust('malformed', `${file}: ${said}: not a repository's file; check the source's address`, { cause });
}
