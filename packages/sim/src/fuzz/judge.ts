/** Whether what came of an input is what a reader may answer. */

import type { Outcome, Target } from './target.ts';

export type Answer = Outcome | { readonly kind: 'wrong'; readonly problem: string };

export async function judge(target: Target, input: Uint8Array): Promise<Answer> {
  let outcome: Outcome;
  try {
    outcome = await target.run(input);
  } catch (error) {
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { kind: 'wrong', problem: `threw ${said}` };
  }
  const added = addedToPrototypes();
  if (added.length > 0) return { kind: 'wrong', problem: `changed the prototype of all objects: ${added.join()}` };
  const problem = outcome.kind === 'refused' ? messageProblem(outcome.message) : undefined;
  return problem === undefined ? outcome : { kind: 'wrong', problem };
}

const message_length_max = 1_000;

function messageProblem(message: string): string | undefined {
  if (message.length < 10) return `says too little: "${message}"`;
  if (message.length > message_length_max)
    return `says too much, ${message.length} characters: ${message.slice(0, 200)}`;
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(message)) return `says more than a line: ${JSON.stringify(message)}`;
  return undefined;
}

const prototypes = [Object.prototype, Array.prototype, String.prototype];
const known = new Set(prototypes.flatMap((prototype) => Object.getOwnPropertyNames(prototype)));

function addedToPrototypes(): readonly string[] {
  return prototypes.flatMap((prototype) => Object.getOwnPropertyNames(prototype)).filter((name) => !known.has(name));
}

/** The answer without what came from the input: numbers, and what stands in quotes. */
export function wordsOf(answer: Answer): string {
  if (answer.kind === 'accepted') return 'accepted';
  const said = answer.kind === 'refused' ? answer.message : `wrong: ${answer.problem}`;
  return said
    .replaceAll(/"[^"]*"|'[^']*'/g, '""')
    .replaceAll(/\d+/g, '0')
    .slice(0, 200);
}
