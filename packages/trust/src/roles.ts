/** Who signs what: the roles of the repository, with how many keys, how many signatures and for how long. */

import type { Channel } from '@kedge/core/channel';

export type RoleTerms = {
  readonly key_count: number;
  readonly threshold: number;
  readonly lifetime_days: number;
};

export const topRoles = {
  root: { key_count: 3, threshold: 2, lifetime_days: 365 },
  targets: { key_count: 3, threshold: 2, lifetime_days: 365 },
  snapshot: { key_count: 1, threshold: 1, lifetime_days: 30 },
  timestamp: { key_count: 1, threshold: 1, lifetime_days: 7 },
} as const satisfies { readonly [role: string]: RoleTerms };

/** All terminating: a target that stands under a role's paths is that role's to vouch for, or nobody's. */
export const delegatedRoles = {
  nightly: { key_count: 1, threshold: 1, lifetime_days: 14, paths: ['nightly/*/*.json'] },
  beta: { key_count: 1, threshold: 1, lifetime_days: 30, paths: ['beta/*/*.json'] },
  stable: { key_count: 1, threshold: 1, lifetime_days: 90, paths: ['stable/*/*.json'] },
  lts: { key_count: 1, threshold: 1, lifetime_days: 180, paths: ['lts/*/*.json'] },
  hotfix: { key_count: 1, threshold: 1, lifetime_days: 90, paths: ['hotfix/*/*.json'] },
  rollouts: { key_count: 1, threshold: 1, lifetime_days: 7, paths: ['rollouts/*.json'] },
  revocations: { key_count: 1, threshold: 1, lifetime_days: 7, paths: ['revocations/list.json'] },
} as const satisfies {
  readonly [role in Channel | 'rollouts' | 'revocations']: RoleTerms & { readonly paths: readonly string[] };
};

export type TopRole = keyof typeof topRoles;
export type DelegatedRole = keyof typeof delegatedRoles;
export type Role = TopRole | DelegatedRole;

export const topRoleNames = ['root', 'targets', 'snapshot', 'timestamp'] as const satisfies readonly TopRole[];
export const delegatedRoleNames = [
  'nightly',
  'beta',
  'stable',
  'lts',
  'hotfix',
  'rollouts',
  'revocations',
] as const satisfies readonly DelegatedRole[];
export const roleNames: readonly Role[] = [...topRoleNames, ...delegatedRoleNames];

export function isTopRole(role: Role): role is TopRole {
  return role in topRoles;
}

export function termsOf(role: Role): RoleTerms {
  return isTopRole(role) ? topRoles[role] : delegatedRoles[role];
}

export const revocationListPath = 'revocations/list.json';
