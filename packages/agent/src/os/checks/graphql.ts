import { exchange } from './exchange.ts';
import type { Problem } from './problem.ts';

/** An answer must have `data` and no `errors`: a GraphQL server says 200 to a query that failed, too. */
export async function checkGraphql(url: string, query: string, signal: AbortSignal): Promise<Problem> {
  const { status, text } = await exchange({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' },
    body: JSON.stringify({ query }),
    signal,
  });
  const problem = problemIn(text);
  return problem === undefined ? undefined : `answered ${status} ${problem}`;
}

function problemIn(text: string): Problem {
  const answer = parsed(text);
  if (typeof answer !== 'object' || answer === null) return 'with something that is not a GraphQL answer';
  if ('errors' in answer) return `with the error ${firstOf(answer.errors)}`;
  if (!('data' in answer) || answer.data === null) return 'without data';
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function firstOf(errors: unknown): string {
  const first: unknown = Array.isArray(errors) ? errors[0] : errors;
  const message: unknown = typeof first === 'object' && first !== null && 'message' in first ? first.message : first;
  return JSON.stringify(message);
}
