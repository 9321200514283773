import { describe, expect, test } from 'vitest';
import { expand, UnknownPlaceholder } from './placeholder.ts';

describe('a placeholder', () => {
  test('is replaced wherever it stands', () => {
    expect(expand('http://127.0.0.1:${port}/${port}', { port: '8080' })).toBe('http://127.0.0.1:8080/8080');
  });

  test('may hold what looks like a placeholder or a replacement pattern, and keeps it', () => {
    expect(expand('${a}-${b}', { a: '${b}', b: '$&' })).toBe('${b}-$&');
  });

  test('that is not known is an error which names it and the known ones', () => {
    expect(() => expand('${porrt}', { port: '1', data: '/d' })).toThrow(UnknownPlaceholder);
    expect(() => expand('${porrt}', { port: '1', data: '/d' })).toThrow(
      '${porrt} in "${porrt}" is not known on this device (known: ${data}, ${port})',
    );
  });

  test('cannot reach what every object inherits', () => {
    expect(() => expand('${constructor}', {})).toThrow(UnknownPlaceholder);
  });

  test('is not begun by a lone dollar', () => {
    expect(expand('$HOME costs $5 {x}', {})).toBe('$HOME costs $5 {x}');
  });
});
