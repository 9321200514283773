import { describe, expect, test } from 'vitest';
import { type JournalState, journalRecord } from './journal.ts';
import { type JournalEvent, nextState, phases, stages } from './stage.ts';

/** Every state that these events lead through, beginning with no journal. */
function walk(...events: readonly JournalEvent[]): readonly (JournalState | null)[] {
  const states: (JournalState | null)[] = [null];
  for (const event of events) states.push(nextState(states.at(-1) ?? null, event));
  return states;
}

const forwards = [
  'stage',
  'staged',
  'migrate',
  'migrated',
  'switch',
  'switched',
  'validate',
  'validated',
  'commit',
  'committed',
] as const;

describe('an update', () => {
  test('that goes well passes every state but one', () => {
    const states = walk(...forwards);
    expect(states).toEqual([
      null,
      'STAGING',
      'STAGED',
      'MIGRATING',
      'MIGRATED',
      'SWITCHING',
      'SWITCHED',
      'VALIDATING',
      'VALIDATED',
      'COMMITTING',
      'COMPLETE',
    ]);
    // All states but ROLLING_BACK, and null in its place.
    expect(journalRecord.schema['oneOf']).toHaveLength(states.length);
  });

  test.each([1, 2])('can be dropped after %i events', (count) => {
    expect(walk(...forwards.slice(0, count), 'drop').at(-1)).toBe('COMPLETE');
    expect(() => walk(...forwards.slice(0, count), 'fail')).toThrow('event fail cannot come');
  });

  test.each([3, 4, 5, 6, 7, 10])('can fail after %i events, and is then rolled back', (count) => {
    expect(walk(...forwards.slice(0, count), 'fail', 'rolled_back').slice(-2)).toEqual(['ROLLING_BACK', 'COMPLETE']);
    expect(() => walk(...forwards.slice(0, count), 'drop')).toThrow('event drop cannot come');
  });

  test.each([8, 9])('can only be finished after %i events', (count) => {
    expect(() => walk(...forwards.slice(0, count), 'fail')).toThrow('event fail cannot come');
    expect(() => walk(...forwards.slice(0, count), 'drop')).toThrow('event drop cannot come');
  });

  test('whose journal was damaged is rolled back', () => {
    expect(walk('fail', 'rolled_back')).toEqual([null, 'ROLLING_BACK', 'COMPLETE']);
  });

  test('that is complete makes room for the next one', () => {
    expect(walk(...forwards, 'stage').at(-1)).toBe('STAGING');
  });

  test('leaves out no step', () => {
    expect(() => nextState('STAGED', 'switch')).toThrow('event switch cannot come when the journal is STAGED');
    expect(() => nextState(null, 'staged')).toThrow('event staged cannot come when the journal is not there');
    expect(() => nextState('ROLLING_BACK', 'stage')).toThrow('event stage cannot come');
  });
});

test('there are nine stages and five phases, numbered in order', () => {
  expect(stages.map((stage) => stage.number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(phases.map((phase) => `${phase.number}-${phase.name}`)).toEqual([
    '1-stage',
    '2-migrate',
    '3-switch',
    '4-validate',
    '5-commit',
  ]);
});
