/** A secret under a passphrase: scrypt (RFC 7914), then AES-256-GCM. */

import { createCipheriv, createDecipheriv, scryptSync } from 'node:crypto';
import type { Random } from '@kedge/core/ports';

export type Sealed = {
  readonly scrypt_n: number;
  readonly scrypt_r: number;
  readonly scrypt_p: number;
  /** All in lower case hex. */
  readonly salt: string;
  readonly nonce: string;
  readonly ciphertext: string;
  readonly tag: string;
};

const cost = { scrypt_n: 2 ** 17, scrypt_r: 8, scrypt_p: 1 } as const;

export function seal(secret: Uint8Array, passphrase: string, random: Random): Sealed {
  const salt = Buffer.from(random.bytes(16));
  const nonce = Buffer.from(random.bytes(12));
  const cipher = createCipheriv('aes-256-gcm', derive(passphrase, salt, cost), nonce);
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
  return {
    ...cost,
    salt: salt.toString('hex'),
    nonce: nonce.toString('hex'),
    ciphertext: ciphertext.toString('hex'),
    tag: cipher.getAuthTag().toString('hex'),
  };
}

/** Undefined when the passphrase is not the one. */
export function unseal(sealed: Sealed, passphrase: string): Uint8Array | undefined {
  const key = derive(passphrase, Buffer.from(sealed.salt, 'hex'), sealed);
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.nonce, 'hex'), { authTagLength: 16 });
  decipher.setAuthTag(Buffer.from(sealed.tag, 'hex'));
  const secret = decipher.update(Buffer.from(sealed.ciphertext, 'hex'));
  try {
    return Buffer.concat([secret, decipher.final()]);
  } catch {
    // GCM tells a wrong key in this way alone.
    return undefined;
  }
}

function derive(
  passphrase: string,
  salt: Uint8Array,
  { scrypt_n, scrypt_r, scrypt_p }: Omit<Sealed, 'salt' | 'nonce' | 'ciphertext' | 'tag'>,
): Buffer {
  return scryptSync(passphrase.normalize('NFKC'), salt, 32, {
    N: scrypt_n,
    r: scrypt_r,
    p: scrypt_p,
    maxmem: 2 * 128 * scrypt_n * scrypt_r,
  });
}
