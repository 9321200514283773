/** What the demo claims is looked at, never assumed. */

import { isDeepStrictEqual } from 'node:util';

/** The demo has shown something else than it says. */
export class Unexpected extends Error {
  constructor(what: string, expected: unknown, seen: unknown) {
    super(`${what}: expected ${JSON.stringify(expected)}, seen ${JSON.stringify(seen)}`);
    this.name = 'Unexpected';
  }
}

/** @throws Unexpected */
export function expectSame(what: string, seen: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(seen, expected)) throw new Unexpected(what, expected, seen);
}

/** @throws Unexpected when no line has these words in it */
export function expectWords(what: string, lines: readonly string[], words: string): void {
  if (!lines.some((line) => line.includes(words))) throw new Unexpected(what, `a line with "${words}"`, lines);
}
