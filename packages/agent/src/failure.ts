/** Whose fault it was, which decides whether a release is tried again on this device. */

import type { Failure, UpdateInFlight } from '@kedge/core/journal';
import { errorCode } from '@kedge/core/ports';
import type { Obstacle } from './report.ts';

/** What a disk or a machine says when it, and not the release, is in trouble. */
const deviceCodes = new Set([
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EROFS',
  'EACCES',
  'EPERM',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EBUSY',
]);

const advice: { readonly [code: string]: string } = {
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EROFS: 'the file system is read-only; mount it for writing',
  EACCES: 'permission denied; give the agent the right to write there',
  EPERM: 'not permitted; give the agent the right to do that',
  EIO: 'the disk failed; check it',
};

/** An update that is to be undone: what stage 8 is told. */
export type Failed = {
  readonly kind: 'failed';
  readonly update: UpdateInFlight;
  readonly failure: Failure;
  readonly obstacle: Obstacle;
};

export function failedBy(error: unknown, update: UpdateInFlight, failed_in: Failure['failed_in']): Failed {
  return { kind: 'failed', update, failure: failureOf(error, failed_in), obstacle: obstacleOf(error) };
}

function failureOf(error: unknown, failed_in: Failure['failed_in']): Failure {
  return { failed_in, reason: sentenceOf(error), fault: faultOf(error) };
}

/** An error may say itself whose fault it is, in a field `fault`; else its errno does. */
function faultOf(error: unknown): 'release' | 'device' {
  if (error instanceof Error && 'fault' in error && (error.fault === 'release' || error.fault === 'device')) {
    return error.fault;
  }
  return isOfTheDevice(error) ? 'device' : 'release';
}

export function isOfTheDevice(error: unknown): boolean {
  const code = firstCode(error);
  return code !== undefined && deviceCodes.has(code);
}

export function obstacleOf(error: unknown): Obstacle {
  return isOutOfSpace(error) ? 'no_space' : null;
}

export function isOutOfSpace(error: unknown): boolean {
  const code = firstCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** One line: what went wrong and, where it is known, what to do. */
export function sentenceOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const code = firstCode(error);
  const hint = code === undefined ? undefined : advice[code];
  return cut(`${said.split('\n')[0] ?? ''}${hint && !said.includes(hint) ? `: ${hint}` : ''}`);
}

const sentence_chars_max = 4_000;

/** An app may say as much as it likes, and the journal and a report must still be readable: they take a few more than this. */
export function cut(sentence: string, chars_max = sentence_chars_max): string {
  return sentence.length <= chars_max ? sentence : `${sentence.slice(0, chars_max - 3)}...`;
}

/** The errno name that an error or its cause carries. */
export function firstCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return errorCode(error) ?? firstCode(error.cause);
}
