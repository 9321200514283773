/**
 * Inputs made of good ones by chance, from one seed, and what came of each. An input that was answered in words that no other
 * was answered in is kept, and changed further: so the search goes where there is something to find.
 */

import { createPrng, type Prng } from '../prng.ts';
import { judge, wordsOf } from './judge.ts';
import { mutateBytes, pick } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { shorten } from './shorten.ts';
import { decode, encode, type Target } from './target.ts';

export type Finding = { readonly target: string; readonly problem: string; readonly input: Uint8Array };

export type Fuzzed = {
  readonly inputs: number;
  readonly accepted: number;
  /** Different ways in which it was answered. */
  readonly answers: number;
  readonly findings: readonly Finding[];
};

const corpus_max = 500;
const input_bytes_max = 300_000;
const findings_max = 5;

/** @param goesOn asked before each input with their count so far */
export async function fuzz(target: Target, seed: number, goesOn: (inputs: number) => boolean): Promise<Fuzzed> {
  const prng = createPrng(seed);
  const corpus: Uint8Array[] = [...target.seeds];
  const answers = new Set<string>();
  const problems = new Set<string>();
  const findings: Finding[] = [];
  let [inputs, accepted] = [0, 0];

  for (; goesOn(inputs) && findings.length < findings_max; inputs += 1) {
    const isSeed = inputs < target.seeds.length;
    const input = isSeed ? seedAt(target, inputs) : mutate(prng, target.seeds, corpus);
    const answer = await judge(target, input);
    const words = wordsOf(answer);
    if (isSeed && answer.kind === 'refused') {
      findings.push({ target: target.name, problem: `refused a good input: ${answer.message}`, input });
    }
    if (answer.kind === 'accepted') accepted += 1;
    if (answer.kind === 'wrong' && !problems.has(words)) {
      problems.add(words);
      findings.push({ target: target.name, problem: answer.problem, input: await shorten(target, input, words) });
    }
    if (!answers.has(words) && corpus.length < corpus_max && input.length < input_bytes_max) corpus.push(input);
    answers.add(words);
  }
  return { inputs, accepted, answers: answers.size, findings };
}

function seedAt(target: Target, at: number): Uint8Array {
  return target.seeds[at] ?? new Uint8Array();
}

/** Most that was kept is far from good by now, so every second one is begun anew. */
function mutate(prng: Prng, seeds: readonly Uint8Array[], corpus: readonly Uint8Array[]): Uint8Array {
  const [input, other] = [pick(prng, prng.below(2) === 0 ? seeds : corpus), pick(prng, corpus)];
  if (prng.below(3) === 0) return mutateBytes(prng, input, other);
  const mutated = mutateJson(prng, decode(input), decode(other));
  return mutated === decode(input) ? mutateBytes(prng, input, other) : encode(mutated);
}
