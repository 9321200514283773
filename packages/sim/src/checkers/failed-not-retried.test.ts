import type { Failure, JournalRecord } from '@kedge/core/journal';
import { expect, test } from 'vitest';
import { watchRetries } from './failed-not-retried.ts';

const update = (id: string) => ({
  id,
  started_at: '2026-11-22T00:00:00Z',
  from: null,
  to: { version: '1.1.0', counter: 2, manifest_sha256: '0'.repeat(64) },
  backup: null,
});
const begun = (id = 'a'): JournalRecord => ({ kind: 'STAGING', ...update(id) });
const failed = (fault: Failure['fault'], id = 'a'): JournalRecord => ({
  kind: 'COMPLETE',
  ...update(id),
  outcome: 'rolled_back',
  failure: { failed_in: 'VALIDATING', reason: 'it is ill', fault },
  lost_writes: null,
  reported: false,
});

test.each(['release', 'person'] as const)('a version that failed by the %s is not to be tried again', (fault) => {
  const watch = watchRetries();
  expect(watch.onRecord(begun())).toBeUndefined();
  expect(watch.onRecord(failed(fault))).toBeUndefined();
  expect(watch.onRecord(begun('b'))).toMatch(/1\.1\.0 is tried again/);
  watch.forgive('1.1.0');
  expect(watch.onRecord(begun('c'))).toBeUndefined();
});

test('a version whose update the device or its vendor stopped may be tried again', () => {
  const watch = watchRetries();
  watch.onRecord(failed('device'));
  watch.onRecord(failed('vendor', 'b'));
  expect(watch.onRecord(begun('c'))).toBeUndefined();
});

test('the third update that was cut off is the last', () => {
  const watch = watchRetries();
  for (const id of ['a', 'a', 'b']) watch.onRecord(failed('interrupted', id));
  expect(watch.onRecord(begun('c'))).toBeUndefined();
  watch.onRecord(failed('interrupted', 'c'));
  expect(watch.onRecord(begun('d'))).toMatch(/3 updates to it were cut off/);
});
