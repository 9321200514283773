import { createHash } from 'node:crypto';
import type { Hash } from '@kedge/core/ports';

/** Kedge's own repositories are all SHA-256. */
export function sha512(): Hash {
  const hash = createHash('sha512');
  return {
    update(bytes) {
      hash.update(bytes);
    },
    hex: () => hash.digest('hex'),
  };
}
