/** All that is cut at every operation: what devices do, what agents do with themselves, and what their vendors do. */

import { ownUpdateKinds } from './own-agent-subject.ts';
import type { Kind } from './subject.ts';
import { updateKinds } from './update-kinds.ts';
import { vendorKinds } from './vendor-kinds.ts';

export const kinds: readonly Kind[] = [...updateKinds, ...ownUpdateKinds, ...vendorKinds];
