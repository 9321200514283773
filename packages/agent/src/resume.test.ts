import { type JournalRecord, type JournalState, undoneStates } from '@kedge/core/journal';
import { describe, expect, test } from 'vitest';
import { restartPoint } from './resume.ts';

const sha256 = 'a'.repeat(64);
const update = {
  id: 'u1',
  started_at: '2026-01-20T08:00:00Z',
  from: { version: '1.0.0', counter: 1, manifest_sha256: sha256 },
  to: { version: '1.1.0', counter: 2, manifest_sha256: sha256 },
  backup: null,
};

function at(kind: Exclude<JournalState, 'ROLLING_BACK' | 'COMPLETE'>): { kind: 'read'; value: JournalRecord } {
  return { kind: 'read', value: { kind, ...update } };
}

describe('an update of the app that was cut off', () => {
  test.each(undoneStates)('in %s is undone', (state) => {
    expect(restartPoint(at(state))).toEqual({ kind: 'undo', update, failed_in: state });
  });

  test.each(['VALIDATED', 'COMMITTING'] as const)('in %s is finished', (state) => {
    expect(restartPoint(at(state))).toEqual({ kind: 'finish', update, state });
  });
});

describe("the agent's update of itself", () => {
  test('goes on in the process of the new release, once', () => {
    expect(restartPoint(at('SWITCHED'), '1.1.0')).toEqual({ kind: 'prove', update });
    expect(restartPoint(at('VALIDATING'), '1.1.0')).toMatchObject({ kind: 'undo', failed_in: 'VALIDATING' });
  });

  test.each(undoneStates)('is undone in %s by the old release', (state) => {
    expect(restartPoint(at(state), '1.0.0')).toEqual({ kind: 'undo', update, failed_in: state });
  });
});
