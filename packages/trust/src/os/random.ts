import { randomBytes } from 'node:crypto';
import type { Random } from '@kedge/core/ports';

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => Math.random(),
};
