/** The releases that a repository holds, from the signed metadata alone. */

import { channels } from '@kedge/core/channel';
import { type TargetRef, targetRef } from '@kedge/trust/target-file';
import { releaseCustom } from '@kedge/trust/trusted';
import type { TargetFile } from '@tufjs/models';
import { type Repository, roleOf } from './repository.ts';

export type PublishedRelease = TargetRef & {
  readonly product: string;
  readonly version: string;
  readonly counter: number;
};

/** The newest of each product first. */
export function releasesIn(repository: Repository): readonly PublishedRelease[] {
  return channels
    .flatMap((channel) => Object.values(roleOf(repository, channel).signed.targets).map(describe))
    .toSorted((a, b) => b.counter - a.counter);
}

function describe(target: TargetFile): PublishedRelease {
  const custom = releaseCustom.parse(target.custom, target.path);
  return { ...targetRef(target), ...custom, product: target.path.split('/')[1] ?? '' };
}
