/** What an exploration has found, in a form in which the findings of several workers can be put together. */

import type { Fall } from './disk/power-cut.ts';
import type { Complaint } from './subject.ts';

/** Instead of a power cut: the process alone is gone, and what was not durable still is not. */
export const killed: Fall = 'killed';

/** One power cut: before which operation of that life, and what was left on the disk. */
export type CutAt = { readonly operation: number; readonly at: string; readonly fall: Fall };

export type Violation = Complaint & {
  /** First to last. */
  readonly cuts: readonly CutAt[];
};

/** All by digest, so that what several workers found can be put together. */
export type Findings = {
  /** Of the disks that a machine booted on. */
  readonly crash_states: Set<string>;
  /** The same, with what the world outside knew by then: each was booted, recovered and checked. */
  readonly recoveries: Set<string>;
  /** Cuts after which not every legal state was tried, only a sample. */
  readonly sampled_cuts: Set<string>;
  /** By the state in which it was met. */
  readonly violations: Map<string, Violation>;
};

/** What one kind of work came to. */
export type Explored = {
  readonly kind: string;
  /** Of the work, with its end and without those of the recoveries. Each was cut. */
  readonly operations: number;
  /** Distinct ones that a machine booted on. */
  readonly crash_states: number;
  readonly recoveries: number;
  readonly sampled_cuts: number;
  /** The simplest first. */
  readonly violations: readonly Violation[];
};

export function summary(kind: string, operations: number, findings: Findings): Explored {
  return {
    kind,
    operations,
    crash_states: findings.crash_states.size,
    recoveries: findings.recoveries.size,
    sampled_cuts: findings.sampled_cuts.size,
    violations: [...findings.violations.values()].toSorted((a, b) => (isSimpler(a, b) ? -1 : 1)),
  };
}

export function noFindings(): Findings {
  return { crash_states: new Set(), recoveries: new Set(), sampled_cuts: new Set(), violations: new Map() };
}

/** Adds what another worker found of the same kind. */
export function addFindings(all: Findings, more: Findings): void {
  for (const state of more.crash_states) all.crash_states.add(state);
  for (const state of more.recoveries) all.recoveries.add(state);
  for (const cut of more.sampled_cuts) all.sampled_cuts.add(cut);
  for (const [key, violation] of more.violations) keep(all, key, violation);
}

export function keep({ violations }: Findings, key: string, violation: Violation): void {
  const known = violations.get(key);
  if (!known || isSimpler(violation, known)) violations.set(key, violation);
}

/** Fewer cuts, then earlier ones: an order that does not depend on who found what first. */
function isSimpler({ cuts: a }: Violation, { cuts: b }: Violation): boolean {
  if (a.length !== b.length) return a.length < b.length;
  for (const [index, one] of a.entries()) {
    const other = b[index];
    if (!other || one.operation !== other.operation) return !other || one.operation < other.operation;
    if (one.fall !== other.fall) return one.fall < other.fall;
  }
  return false;
}
