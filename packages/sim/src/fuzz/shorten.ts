/** The shortest input that can be found with the same trouble. */

import { judge, wordsOf } from './judge.ts';
import type { Target } from './target.ts';

const tries_max = 100;

/** @param words that the trouble was told in */
export async function shorten(target: Target, input: Uint8Array, words: string): Promise<Uint8Array> {
  let shortest = input;
  let tries = 0;
  for (let part = Math.ceil(input.length / 2); part > 0; part = Math.floor(part / 2)) {
    for (let at = 0; at < shortest.length && tries < tries_max; tries += 1) {
      const shorter = new Uint8Array([...shortest.subarray(0, at), ...shortest.subarray(at + part)]);
      if (wordsOf(await judge(target, shorter)) === words) shortest = shorter;
      else at += part;
    }
  }
  return shortest;
}
