/**
 * What is wrong, as the end of a sentence that begins with what was asked: "GET http://127.0.0.1/health" + "answered
 * 503, expected 200". Undefined when all is well.
 */
export type Problem = string | undefined;

/** Node gives a connection that was tried at several addresses an error without a message of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
