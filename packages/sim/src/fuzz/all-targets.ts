/** Everything that reads what comes from outside. */

import { archiveTargets } from './archive-targets.ts';
import { documentTargets } from './document-targets.ts';
import { openLocalApiTarget } from './os/local-api-target.ts';
import { stateTargets } from './state-targets.ts';
import type { Target } from './target.ts';
import { trustTargets } from './trust-targets.ts';

export async function openTargets(): Promise<readonly Target[]> {
  return [...documentTargets, ...stateTargets, ...trustTargets, ...archiveTargets, await openLocalApiTarget()];
}
