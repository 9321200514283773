import { statusOf } from './exchange.ts';
import { type Problem, reasonOf } from './problem.ts';

/** Any answer, of any status, from any of the URLs. */
export async function checkInternet(urls: readonly string[], signal: AbortSignal): Promise<Problem> {
  const settled = new AbortController();
  const either = AbortSignal.any([signal, settled.signal]);
  const answers = urls.map((url) => statusOf({ method: 'GET', url, signal: either }));
  try {
    await Promise.any(answers);
    return undefined;
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    const reasons = urls.map((url, index) => `${url} (${reasonOf(error.errors[index])})`);
    return `could not be reached: ${reasons.join(', ')}`;
  } finally {
    settled.abort();
  }
}
