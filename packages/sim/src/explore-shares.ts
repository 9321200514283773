/** Who explores what: each worker keeps to one kind while others are left, and then helps with what takes longest. */

export type Share = { readonly kind: string; readonly from: number; readonly until: number };

export type Shares = {
  /** Undefined: nothing is left to be given out. */
  next(worker: number): Share | undefined;
  /** How many operations there are is known only once a worker has done the work. */
  learn(kind: string, operations: number): void;
};

/** @param share_operations cuts that are given out at once */
export function shareOut(kinds: readonly string[], share_operations: number): Shares {
  const waiting = [...kinds];
  const begun = new Map<string, { next: number; until: number }>();
  const at = new Map<number, string>();

  function take(worker: number, kind: string): Share | undefined {
    const cuts = begun.get(kind);
    if (!cuts || cuts.next >= cuts.until) return undefined;
    at.set(worker, kind);
    const from = cuts.next;
    cuts.next = Math.min(cuts.until, from + share_operations);
    return { kind, from, until: cuts.next };
  }

  return {
    next(worker) {
      const own = take(worker, at.get(worker) ?? '');
      if (own) return own;
      const fresh = waiting.shift();
      if (fresh !== undefined) {
        at.set(worker, fresh);
        begun.set(fresh, { next: share_operations, until: share_operations });
        return { kind: fresh, from: 0, until: share_operations };
      }
      const most = [...begun].toSorted(([, a], [, b]) => b.until - b.next - (a.until - a.next))[0];
      return most && take(worker, most[0]);
    },
    learn(kind, operations) {
      const cuts = begun.get(kind);
      if (cuts && cuts.until < operations) cuts.until = operations;
    },
  };
}
