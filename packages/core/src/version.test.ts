import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidInput } from './parse.ts';
import { compareVersions, parseVersion, version } from './version.ts';

const numeric = fc.integer({ min: 0, max: 3 });
const word = fc.constantFrom('a', 'beta', 'lts', 'rc-1', '-', 'B');
const versions = fc
  .tuple(numeric, numeric, numeric, fc.array(fc.oneof(numeric, word), { maxLength: 3 }))
  .map(([major, minor, patch, rest]) => `${major}.${minor}.${patch}${rest.length > 0 ? `-${rest.join('.')}` : ''}`);

describe('the order of versions', () => {
  test('is the one of semver, clause 11', () => {
    const oldestFirst = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.2.0',
      '1.10.0',
      '2.0.0',
    ];
    expect(oldestFirst.toReversed().toSorted(compareVersions)).toEqual(oldestFirst);
  });

  test('is total: antisymmetric, transitive, and zero only for the same version', () => {
    fc.assert(
      fc.property(versions, versions, versions, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        expect(compareVersions(a, b) === 0).toBe(a === b);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

test('a version is taken apart', () => {
  expect(parseVersion('2.6.0-nightly.20260120')).toEqual({
    major: 2,
    minor: 6,
    patch: 0,
    prerelease: ['nightly', 20260120],
  });
});

test.each([
  '',
  '1',
  '1.2',
  'v1.2.3',
  '1.2.3.4',
  '01.2.3',
  '1.2.3-',
  '1.2.3-a..b',
  '1.2.3-01',
  '1.2.3+build',
  '1.2.3\n',
])('%j is not a version', (input) => {
  expect(() => version.parse(input, 'version')).toThrow(InvalidInput);
  expect(() => parseVersion(input)).toThrow('must be a version like 2.6.0');
});
