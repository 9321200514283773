import { exchange, statusOf } from './exchange.ts';
import type { Problem } from './problem.ts';

export type HttpCheck = {
  readonly url: string;
  readonly status: number;
  /** Looked for in the body. */
  readonly contains: string | undefined;
};

/** A redirect is an answer like any other. */
export async function checkHttp({ url, status, contains }: HttpCheck, signal: AbortSignal): Promise<Problem> {
  const asked = { method: 'GET', url, signal } as const;
  const answer = contains === undefined ? { status: await statusOf(asked), text: '' } : await exchange(asked);
  if (answer.status !== status) return `answered ${answer.status}, expected ${status}`;
  if (contains !== undefined && !answer.text.includes(contains)) return `answered ${status}, but without "${contains}"`;
  return undefined;
}
