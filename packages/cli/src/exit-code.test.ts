import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { exitCode } from './exit-code.ts';

test('docs/exit-codes.md has one row for each exit code, by its number and name', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../../docs/exit-codes.md'), 'utf8');
  const rows = [...text.matchAll(/^\| (\d+) \| (\w+) \|/gm)].map(([, code, name]) => [name, Number(code)]);
  const { nothing_to_do: _, ...codes } = exitCode;
  expect(rows).toEqual(Object.entries(codes));
});
