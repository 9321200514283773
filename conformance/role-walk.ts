/** 5.6.7: which role vouches for a target, in a tree of delegations of any shape. */

import { type Session, updateTargets } from '@kedge/trust/client-workflow';
import type { TargetFile } from '@tufjs/models';

/** Roles that one search looks into. */
const roles_max = 32;

type Step = { readonly role: string; readonly delegator: string };

/**
 * Depth first, in the order in which each role names its delegations; a terminating one ends the search behind it.
 * @throws Distrust when a role on the way cannot be verified
 */
export async function findTarget(session: Session, path: string): Promise<TargetFile | undefined> {
  const steps: Step[] = [{ role: 'targets', delegator: 'root' }];
  const visited = new Set<string>();
  for (let step = steps.pop(); step && visited.size < roles_max; step = steps.pop()) {
    const { role, delegator } = step;
    if (visited.has(role)) continue;
    visited.add(role);
    if (role !== 'targets') await updateTargets(session, role, delegator);
    const signed = session.store.getRole(role)?.signed;
    if (!signed) throw new Error(`${role} was updated and is not there`);
    // A path may be called like something that every object has.
    if (Object.hasOwn(signed.targets, path)) return signed.targets[path];
    const next: Step[] = [];
    for (const delegation of signed.delegations?.rolesForTarget(path) ?? []) {
      next.push({ role: delegation.role, delegator: role });
      if (!delegation.terminating) continue;
      steps.length = 0;
      break;
    }
    steps.push(...next.toReversed());
  }
  return undefined;
}
