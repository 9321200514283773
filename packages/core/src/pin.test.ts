import { expect, test } from 'vitest';
import { parseWith } from './parse.ts';
import { findPin, isPinnedOut, pinList } from './pin.ts';

const pin = { version: '2.6.0', counter: 20, reason: 'health: 503', pinned_at: '2026-01-20T08:00:00Z' };

test('a release is pinned out by its version or by its counter', () => {
  expect(isPinnedOut([pin], { version: '2.6.0', counter: 20 })).toBe(true);
  expect(isPinnedOut([pin], { version: '2.6.0', counter: 21 })).toBe(true);
  expect(isPinnedOut([pin], { version: '2.6.1', counter: 20 })).toBe(true);
  expect(isPinnedOut([pin], { version: '2.6.1', counter: 21 })).toBe(false);
  expect(isPinnedOut([], pin)).toBe(false);
  expect(findPin([pin], pin)?.reason).toBe('health: 503');
});

test('the list of pins is parsed', () => {
  const file = { format: 'kedge-pins/1', pins: [pin] };
  expect(parseWith(pinList, file, 'pins')).toEqual(file);
  expect(() => parseWith(pinList, { ...file, pins: [{ ...pin, reason: 1 }] }, 'pins')).toThrow('pins[0].reason');
  expect(() => parseWith(pinList, [pin], 'pins')).toThrow('pins: must be an object');
});
