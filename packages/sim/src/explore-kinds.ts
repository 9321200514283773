/** All that is cut at every operation: what devices do, and what their vendors do. */

import type { Kind } from './subject.ts';
import { updateKinds } from './update-kinds.ts';
import { vendorKinds } from './vendor-kinds.ts';

export const kinds: readonly Kind[] = [...updateKinds, ...vendorKinds];
