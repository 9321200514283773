import { InvalidInput, parseWith } from '@kedge/core/parse';
import { describe, expect, test } from 'vitest';
import { bindRoutes, errorAnswer, errorBody, type Handlers, isRouteName, Refused } from './local-api.ts';

const say = (name: string) => (body: unknown) => Promise.resolve([name, body]);
async function* noEvents() {}
const handlers: Handlers = {
  status: say('status'),
  explain: say('explain'),
  history: say('history'),
  check: say('check'),
  approve: say('approve'),
  postpone: say('postpone'),
  rollback: say('rollback'),
  channel: say('channel'),
  events: noEvents,
};

describe('a route', () => {
  test('gives its handler a body that is parsed, and an empty one as an empty object', async () => {
    const bound = bindRoutes(handlers);
    expect(await bound.channel('{"channel":"beta"}')).toEqual(['channel', { channel: 'beta' }]);
    for (const name of ['status', 'explain', 'history', 'check', 'approve'] as const) {
      expect(await bound[name]('')).toEqual([name, {}]);
    }
    expect(await bound.rollback('')).toEqual(['rollback', { lose_writes: false }]);
  });

  test('refuses a body that does not fit before the handler sees it', async () => {
    const bound = bindRoutes(handlers);
    await expect(bound.channel('{"channel":"bold"}')).rejects.toThrow('channel: must be one of nightly, beta, stable');
    await expect(bound.postpone('')).rejects.toThrow('for_ms: is missing');
    await expect(bound.approve('{"vresion":"1.0.0"}')).rejects.toThrow('did you mean "version"?');
    await expect(bound.approve('{')).rejects.toThrow(InvalidInput);
  });

  test('is not what every object has', () => {
    expect([isRouteName('status'), isRouteName('toString')]).toEqual([true, false]);
  });
});

describe('an error', () => {
  test('is answered with the exit code of the command that asked', () => {
    expect(errorAnswer(new Refused('nothing waits', 4))).toEqual({
      status: 409,
      body: { error: 'nothing waits', exit_code: 4 },
    });
    expect(errorAnswer(new InvalidInput('for_ms', 'is missing'))).toEqual({
      status: 400,
      body: { error: 'for_ms: is missing', exit_code: 2 },
    });
    const { status, body } = errorAnswer(new Error('x'.repeat(9999)));
    expect([status, body.exit_code]).toEqual([500, 1]);
    // The one who asked parses the answer.
    expect(parseWith(errorBody, body, 'answer')).toEqual(body);
  });
});
