/** What a detector says of the sources as they stand. It is the last line that its process prints. */

import { type Infer, InvalidInput, parseJson, text, variants } from '@kedge/core/parse';

const finding = variants({
  silent: {},
  complains: { complaint: text() },
  /** It came to no verdict: the program does not even load, or did not end. That catches nothing. */
  undecided: { problem: text() },
});
export type Finding = Infer<typeof finding>;

/**
 * What proves nothing: a mutation that is no program any more, because a name or a bracket is missing in it, and a machine
 * that had no time.
 */
const isNoVerdict = /^(ReferenceError|SyntaxError)\b|\bis not defined$|\btimed out in \d+ms/;

/** @param errors as text, the name of each before its message; an empty list is silence */
export function findingOf(errors: readonly string[]): Finding {
  const first = firstLine(errors[0] ?? '');
  if (errors.length === 0) return { kind: 'silent' };
  return isNoVerdict.test(first) ? { kind: 'undecided', problem: first } : { kind: 'complains', complaint: first };
}

export function readFinding(output: string): Finding | undefined {
  try {
    return parseJson(finding, output.trimEnd().split('\n').at(-1) ?? '', 'the finding');
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

const line_length_max = 300;

function firstLine(said: string): string {
  return (said.split('\n')[0] ?? '').slice(0, line_length_max);
}
