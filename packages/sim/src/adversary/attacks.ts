/** Every attack that there is. */

import type { Attack } from './attack.ts';
import { mirrorAttacks } from './mirror.ts';
import { thiefAttacks } from './thief.ts';

export const attacks: readonly Attack[] = [...mirrorAttacks, ...thiefAttacks];
