import { describe, expect, test } from 'vitest';
import { tellStatus } from './telling.ts';

describe('the status is told in words', () => {
  test.each([
    [{ kind: 'stopped' }, 'not started by this agent'],
    [{ kind: 'running', since_ms: 0, restarts: 2 }, 'runs since 1970-01-01T00:00:00.000Z, 2 restarts'],
    [
      { kind: 'backing_off', exits: 1, last_exit: 'exit code 3' },
      'ended with exit code 3, 1 times; it is started again soon',
    ],
    [
      { kind: 'crash_loop', exits: 5, last_exit: 'exit code 3' },
      'ended with exit code 3, 5 times; it is not started again by itself',
    ],
  ])('of the app: %j', (app, words) => {
    expect(tellStatus({ app })).toEqual([`app            ${words}`]);
  });

  test('of what is pinned out, and of what there is none', () => {
    const pin = { version: '1.3.0', counter: 4, reason: 'it was ill', pinned_at: '2026-01-20T08:00:00.000Z' };
    expect(tellStatus({ pinned_out: [pin], previous: null, channel: 'stable' })).toEqual([
      'pinned out     1.3.0 since 2026-01-20T08:00:00.000Z',
      'previous       -',
      'channel        stable',
    ]);
    expect(tellStatus({ pinned_out: [] })).toEqual(['pinned out     -']);
  });
});
