/** What happened, for people, and a digest of all of it, for telling two runs apart. */

import type { Sha256 } from '@kedge/core/ports';

export type Trace = {
  /** For people. */
  line(text: string): void;
  /** Of which there are thousands: in the digest alone. */
  operation(text: string): void;
  /** A fault has struck. It is not in the digest, so that a fault without effect does not change it. */
  strike(name: string, what: string): void;
  readonly lines: readonly string[];
  readonly strikes: ReadonlyMap<string, number>;
  digest(): string;
};

export function createTrace(sha256: Sha256): Trace {
  const lines: string[] = [];
  const strikes = new Map<string, number>();
  const hash = sha256();
  const encoder = new TextEncoder();
  const note = (text: string): void => hash.update(encoder.encode(`${text}\n`));
  return {
    line(text) {
      lines.push(text);
      note(text);
    },
    operation: note,
    strike(name, what) {
      strikes.set(name, (strikes.get(name) ?? 0) + 1);
      const text = `    ! ${name} ${what}`.trimEnd();
      if (lines.at(-1) !== text) lines.push(text);
    },
    lines,
    strikes,
    digest: () => hash.hex(),
  };
}
