/** TUF metadata signed as it stands, whatever it says. */

import { sign } from 'node:crypto';
import type { Pair } from '@kedge/trust/testing/vendor';

/** The bytes that a signature is over: the form of canonical JSON that clients check. */
export function signDocument(signed: unknown, pairs: readonly Pair[]): Uint8Array {
  const bytes = Buffer.from(canonical(signed));
  const signatures = pairs.map(({ key, secret }) => ({
    keyid: key.keyID,
    sig: sign(null, bytes, secret).toString('hex'),
  }));
  return Buffer.from(JSON.stringify({ signatures, signed }));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([name, each]) => `${text(name)}:${canonical(each)}`).join(',')}}`;
  }
  return typeof value === 'string' ? text(value) : JSON.stringify(value);
}

function text(value: string): string {
  return `"${value.replaceAll(/[\\"]/g, (character) => `\\${character}`)}"`;
}
