import { isRealInstant } from './instant.ts';
import { InvalidInput } from './parse.ts';
import { parseVersion } from './version.ts';

/** The channels, from the boldest to the calmest; `hotfix` stands beside them. */
export const channels = ['nightly', 'beta', 'stable', 'lts', 'hotfix'] as const;
export type Channel = (typeof channels)[number];

export const severities = ['critical', 'major', 'minor', 'patch', 'feature'] as const;
export type Severity = (typeof severities)[number];

/** The channels whose releases reach a device that follows this one. */
export function releaseChannels(subscribed: Channel): readonly Channel[] {
  return received[subscribed];
}

const received: { readonly [C in Channel]: readonly Channel[] } = {
  nightly: ['nightly', 'beta', 'stable', 'hotfix'],
  beta: ['beta', 'stable', 'hotfix'],
  stable: ['stable', 'hotfix'],
  lts: ['lts'],
  hotfix: ['hotfix'],
};

/** The one channel that a version can be released in. @throws InvalidInput when there is none */
export function channelOf(version: string): Channel {
  const [word, number, ...rest] = parseVersion(version).prerelease;
  const isNumbered = typeof number === 'number' && rest.length === 0;
  if (word === undefined) return 'stable';
  if (word === 'lts' && number === undefined) return 'lts';
  if ((word === 'beta' || word === 'hotfix') && isNumbered) return word;
  if (word === 'nightly' && isNumbered && isDate(number)) return 'nightly';
  throw new InvalidInput(
    'version',
    `"${version}" belongs to no channel; write 2.6.0, 2.6.0-beta.3, 2.6.0-nightly.20260120 (a date), 2.6.0-lts or 2.6.0-hotfix.1`,
  );
}

/** @throws InvalidInput when a release stands in another channel than its version says */
export function assertChannelFits(release: { readonly version: string; readonly channel: Channel }): void {
  const channel = channelOf(release.version);
  if (channel === release.channel) return;
  throw new InvalidInput(
    'channel',
    `must be ${channel} for version ${release.version}, got ${release.channel}; change one of the two`,
  );
}

function isDate(yyyymmdd: number): boolean {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)$/.exec(String(yyyymmdd)) ?? [];
  return isRealInstant(`${year}-${month}-${day}T00:00:00Z`);
}
