/** Learns what is true now, from the first source that can be believed. */

import { makeFolderDurable } from './atomic-file.ts';
import { Distrust, type DistrustReason } from './distrust.ts';
import { type FollowOptions, followSource } from './follow-source.ts';

export type PassedOver = { readonly source: string; readonly reason: DistrustReason; readonly detail: string };

export type Refresh =
  /** What is trusted is what the source has. */
  | { readonly kind: 'current'; readonly source: string; readonly passed_over: readonly PassedOver[] }
  | { readonly kind: 'changed'; readonly source: string; readonly passed_over: readonly PassedOver[] }
  /** No source was believed. What was trusted before is untouched and can be read. */
  | {
      readonly kind: 'blocked';
      readonly reason: DistrustReason;
      /** One line: what is wrong, and what to try. */
      readonly detail: string;
      readonly passed_over: readonly PassedOver[];
    };

export type RefreshOptions = FollowOptions & {
  /** Base URLs of the repository, tried in this order. */
  readonly sources: readonly string[];
};

/** Rejects only when the device's own disk fails. */
export async function refresh(options: RefreshOptions): Promise<Refresh> {
  await makeFolderDurable(options.disk, `${options.folder}/metadata`);
  const passed_over: PassedOver[] = [];
  for (const source of options.sources) {
    try {
      const kind = await followSource(options, source);
      return { kind, source, passed_over };
    } catch (error) {
      if (!(error instanceof Distrust)) throw error;
      passed_over.push({ source, reason: error.reason, detail: error.message });
    }
  }
  // What a source did wrong says more than that another could not be reached.
  const telling =
    passed_over.find(({ reason }) => reason !== 'unreachable' && reason !== 'timed_out') ?? passed_over[0];
  const { reason, detail } = telling ?? {
    reason: 'unreachable' as const,
    detail: 'no source is configured: name the address of a repository',
  };
  return { kind: 'blocked', reason, detail, passed_over };
}
