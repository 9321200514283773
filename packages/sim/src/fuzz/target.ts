/** What is fuzzed: one reader of input from outside, with examples of what it accepts. */

import { errorCode } from '@kedge/core/ports';

export type Outcome =
  | { readonly kind: 'accepted' }
  /** For an expected reason. */
  | { readonly kind: 'refused'; readonly message: string };

export type Target = {
  readonly name: string;
  /** Good inputs, which the others are made from. */
  readonly seeds: readonly Uint8Array[];
  /** Rejects when the reader does what it never should. */
  run(input: Uint8Array): Promise<Outcome>;
  close(): Promise<void>;
};

/** @param names of the errors that are expected, beside that a file is too long */
export async function refusing(names: readonly string[], work: () => unknown): Promise<Outcome> {
  try {
    await work();
    return { kind: 'accepted' };
  } catch (error) {
    if (error instanceof Error && (names.includes(error.name) || errorCode(error) === 'EFBIG'))
      return { kind: 'refused', message: error.message };
    throw error;
  }
}

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
