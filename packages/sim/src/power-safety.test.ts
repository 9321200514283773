import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kinds } from './explore-kinds.ts';
import { constantSections } from './power-safety.ts';

const page = readFileSync(new URL('../../../docs/power-safety.md', import.meta.url), 'utf8');

test('docs/power-safety.md has the rules of the disk as the generator has them', () => {
  for (const section of constantSections) expect(page).toContain(section);
});

test('docs/power-safety.md names every kind that is cut, and no violation', () => {
  const [, cut = ''] = page.split('\n## ');
  const rows = cut.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| kind'));
  expect(rows.map((row) => row.split('|')[1]?.trim())).toEqual([...kinds.map(({ name }) => name), '**all together**']);
  expect(rows.filter((row) => !row.endsWith('| 0 |'))).toEqual([]);
});
