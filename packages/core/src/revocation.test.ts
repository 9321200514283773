import { expect, test } from 'vitest';
import { parseWith } from './parse.ts';
import { findRevocation, revocationList } from './revocation.ts';
import { digest } from './sample.fixture.ts';

const entry = {
  manifest_sha256: digest('a'),
  product: 'recorder',
  version: '2.6.0',
  reason: 'loses recordings',
  action: 'refuse',
  revoked_at: '2026-01-20T08:00:00Z',
};
const file = { format: 'kedge-revocations/1', sequence: 3, issued_at: '2026-01-20T08:00:00Z', entries: [entry] };

test('a revocation is found by the digest of the manifest', () => {
  const list = parseWith(revocationList, file, 'revocations');
  expect(findRevocation(list, digest('a'))).toEqual(entry);
  expect(findRevocation(list, digest('b'))).toBeUndefined();
});

test('of two entries for one release, the one that rolls back counts', () => {
  const entries = [entry, { ...entry, action: 'roll_back' }];
  const list = parseWith(revocationList, { ...file, entries }, 'revocations');
  expect(findRevocation(list, digest('a'))?.action).toBe('roll_back');
});

test.each([
  [{ sequence: -1 }, 'sequence: must be a whole number from 0'],
  [{ entries: [{ ...entry, action: 'warn' }] }, 'entries[0].action: must be one of refuse, roll_back'],
  [{ entries: [{ ...entry, manifest_sha256: 'A' }] }, 'entries[0].manifest_sha256: must be a SHA-256'],
])('a list that is wrong is refused (%#)', (changes, problem) => {
  expect(() => parseWith(revocationList, { ...file, ...changes }, 'revocations')).toThrow(problem);
});
