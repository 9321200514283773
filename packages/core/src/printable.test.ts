import { expect, test } from 'vitest';
import { printable } from './printable.ts';

test('words stay as they are', () => {
  expect(printable('größer als 5 €, "so" \\n', 100)).toBe('größer als 5 €, "so" \\n');
});

test('what breaks a line, moves the cursor or turns the text round is spelled out', () => {
  expect(printable('a\nb\u001b[2J\u2028\u202e\u200b', 100)).toBe('a\\u{a}b\\u{1b}[2J\\u{2028}\\u{202e}\\u{200b}');
});

test('half a character becomes a replacement', () => {
  expect(printable('a\ud800', 100)).toBe('a\ufffd');
});

test('what is too long is cut, also where it is long only when it is spelled out', () => {
  expect(printable('x'.repeat(20), 20)).toBe('x'.repeat(20));
  expect(printable('x'.repeat(21), 20)).toBe(`${'x'.repeat(17)}...`);
  expect(printable('\0'.repeat(20), 20)).toHaveLength(20);
});
