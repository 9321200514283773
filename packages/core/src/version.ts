/** Versions by semver 2.0.0: https://semver.org/spec/v2.0.0.html. Build metadata is not accepted: it has no precedence. */

import { InvalidInput, type Parser, refine, text } from './parse.ts';

export type Version = {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly prerelease: readonly (string | number)[];
};

const numeric = '(?:0|[1-9]\\d{0,8})';
const identifier = `(?:${numeric}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const pattern = new RegExp(`^(${numeric})\\.(${numeric})\\.(${numeric})(?:-(${identifier}(?:\\.${identifier})*))?$`);

export const versionText: Parser<string> = text({
  pattern,
  is: 'a version like 2.6.0 or 2.6.0-beta.3',
  length_max: 64,
});

/** @throws InvalidInput */
export function parseVersion(version: string): Version {
  const [, major, minor, patch, prerelease] = pattern.exec(version) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) {
    throw new InvalidInput('version', `must be a version like 2.6.0 or 2.6.0-beta.3, got "${version}"`);
  }
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    prerelease: prerelease ? prerelease.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)) : [],
  };
}

export const version: Parser<Version> = refine(versionText, parseVersion);

/** Below zero when `a` is the older one (semver, clause 11). @throws InvalidInput */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return (
    left.major - right.major ||
    left.minor - right.minor ||
    left.patch - right.patch ||
    comparePrereleases(left.prerelease, right.prerelease)
  );
}

function comparePrereleases(a: Version['prerelease'], b: Version['prerelease']): number {
  // 11.3: a version without a prerelease is the newer one.
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (const [index, left] of a.entries()) {
    const right = b[index];
    // 11.4.4: more fields are newer, where all before them are equal.
    if (right === undefined) return 1;
    if (left === right) continue;
    // 11.4.3: numbers are older than words.
    if (typeof left === 'number') return typeof right === 'number' ? left - right : -1;
    if (typeof right === 'number') return 1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}
