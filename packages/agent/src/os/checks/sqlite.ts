import { existsSync } from 'node:fs';
import { integrityProblems } from '../data/integrity.ts';
import type { Problem } from './problem.ts';

/** Blocks while it reads the whole database. */
export function checkSqlite(database: string): Problem {
  if (!existsSync(database)) return 'is not there';
  const [first, ...others] = integrityProblems(database);
  if (first === undefined) return undefined;
  return `is damaged: ${first}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}
