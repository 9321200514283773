/** For how long a signature counts. */

import { type Role, termsOf } from '@kedge/trust/roles';

const day_ms = 86_400_000;

export function expiryOf(role: Role, now_ms: number): string {
  return instantOf(now_ms + termsOf(role).lifetime_days * day_ms);
}

/** Less than a third of its lifetime is left. */
export function isCloseToExpiry(role: Role, expires: string, now_ms: number): boolean {
  return Date.parse(expires) - now_ms < (termsOf(role).lifetime_days * day_ms) / 3;
}

/** Whole seconds, as TUF writes its times. */
export function instantOf(time_ms: number): string {
  return `${new Date(time_ms).toISOString().slice(0, 19)}Z`;
}
