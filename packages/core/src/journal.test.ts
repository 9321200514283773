import { describe, expect, test } from 'vitest';
import { journalRecord } from './journal.ts';
import { parseWith } from './parse.ts';
import { digest } from './sample.fixture.ts';

const update = {
  id: 'u-1',
  started_at: '2026-01-20T08:00:00Z',
  from: null,
  to: { version: '2.6.0', counter: 20, manifest_sha256: digest('a') },
  backup: null,
};
const failure = { failed_in: 'VALIDATING', reason: 'health: 503', fault: 'release' };
const parse = (value: unknown) => parseWith(journalRecord, value, 'journal');

describe('a journal record', () => {
  test.each([
    'STAGING',
    'STAGED',
    'MIGRATING',
    'MIGRATED',
    'SWITCHING',
    'SWITCHED',
    'VALIDATING',
    'VALIDATED',
    'COMMITTING',
  ])('of %s holds the update and nothing of a failure', (kind) => {
    expect(parse({ kind, ...update })).toEqual({ kind, ...update });
    expect(() => parse({ kind, ...update, failure })).toThrow('failure: is not known');
  });

  test('of ROLLING_BACK says what failed, and which writes were lost once that is known', () => {
    const record = { kind: 'ROLLING_BACK', ...update, failure, lost_writes: null };
    const lost_writes = { from: '2026-01-20T08:00:00Z', until: '2026-01-20T08:01:00Z' };
    expect(parse(record)).toEqual(record);
    expect(parse({ ...record, lost_writes })).toEqual({ ...record, lost_writes });
    expect(() => parse({ kind: 'ROLLING_BACK', ...update, lost_writes: null })).toThrow('failure: is missing');
  });

  test('of COMPLETE says how it ended', () => {
    const end = { outcome: 'rolled_back', failure, lost_writes: null, reported: false };
    const record = { kind: 'COMPLETE', ...update, ...end };
    expect(parse(record)).toEqual(record);
    expect(parse({ ...record, outcome: 'committed', failure: null })).toMatchObject({ failure: null });
    expect(() => parse({ ...record, outcome: 'lost' })).toThrow('outcome: must be one of committed');
    expect(() => parse({ ...record, failure: { ...failure, fault: 'weather' } })).toThrow('failure.fault');
  });

  test('of another state is refused', () => {
    expect(() => parse({ kind: 'RESTING', ...update })).toThrow('kind: must be one of STAGING');
  });
});
