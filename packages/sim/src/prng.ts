/** Chance that a seed repeats: mulberry32, which is small and good enough to choose with. */

export type Prng = {
  /** From 0 (inclusive) to `limit` (exclusive), whole. */
  below(limit: number): number;
  /** From 0 (inclusive) to 1 (exclusive). */
  fraction(): number;
};

export function createPrng(seed: number): Prng {
  let state = seed >>> 0;
  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  return { fraction, below: (limit) => Math.floor(fraction() * limit) };
}
