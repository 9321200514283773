import { expect, test } from 'vitest';
import { findPin } from './pin.ts';

const pin = { version: '2.6.0', counter: 20, reason: 'health: 503', pinned_at: '2026-01-20T08:00:00Z' };

test('a release is pinned out by its version or by its counter', () => {
  expect(findPin([pin], { version: '2.6.0', counter: 20 })).toBe(pin);
  expect(findPin([pin], { version: '2.6.0', counter: 21 })).toBe(pin);
  expect(findPin([pin], { version: '2.6.1', counter: 20 })).toBe(pin);
  expect(findPin([pin], { version: '2.6.1', counter: 21 })).toBeUndefined();
  expect(findPin([], pin)).toBeUndefined();
});
