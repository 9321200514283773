/** Keys of every kind that a repository may use. */

import { constants, createHash, generateKeyPairSync, type KeyObject, type SignKeyObjectInput, sign } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';

export type KeyJson = {
  keytype: string;
  scheme: string;
  keyval: { public: string };
  /** Whatever else a publisher writes into it. */
  [field: string]: unknown;
};

export type Signer = { readonly keyid: string; readonly key: KeyJson; sign(bytes: Uint8Array): string };

export type Scheme = 'ed25519' | 'ecdsa-sha2-nistp256' | 'rsassa-pss-sha256';

export function makeSigner(scheme: Scheme = 'ed25519'): Signer {
  const { publicKey, privateKey } = keyPair(scheme);
  const key: KeyJson = {
    keytype: scheme.split(/-sha|ssa/)[0] ?? '',
    scheme,
    keyval: { public: publicText(scheme, publicKey) },
  };
  return {
    keyid: createHash('sha256').update(canonicalize(key)).digest('hex'),
    key,
    sign: (bytes) => signWith(scheme, privateKey, bytes).toString('hex'),
  };
}

function keyPair(scheme: Scheme): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  switch (scheme) {
    case 'ed25519':
      return generateKeyPairSync('ed25519');
    case 'ecdsa-sha2-nistp256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'rsassa-pss-sha256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    default:
      return scheme satisfies never;
  }
}

function publicText(scheme: Scheme, publicKey: KeyObject): string {
  if (scheme !== 'ed25519') return publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
}

function signWith(scheme: Scheme, key: KeyObject, bytes: Uint8Array): Buffer {
  const pss: SignKeyObjectInput = {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  };
  if (scheme === 'ed25519') return sign(null, bytes, key);
  return sign('sha256', bytes, scheme === 'rsassa-pss-sha256' ? pss : key);
}
