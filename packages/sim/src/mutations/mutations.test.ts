/** The net is itself tested: every mutation still applies, each kind of detector catches one, and no change is no catch. */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kinds } from '../explore-kinds.ts';
import { findingOf } from './finding.ts';
import { type Detector, explore, type Mutation, mutate, nameOf, tests } from './mutation.ts';
import { copySources, type SourcesCopy } from './os/sources-copy.ts';
import { type Row, runMutations } from './run-mutations.ts';
import { mutations } from './table.ts';

const repository = resolve(import.meta.dirname, '../../../..');

describe('every mutation', () => {
  test('has a name of its own', () => {
    expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
  });

  test.each(mutations)('still applies: $name', (mutation) => {
    const text = readFileSync(join(repository, mutation.file), 'utf8');
    const mutated = mutate(text, mutation);
    expect(mutated).toMatchObject({ kind: 'mutated' });
    expect(mutated).not.toMatchObject({ text });
  });

  test('has a detector that is there', () => {
    const names = new Set(kinds.map(({ name }) => name));
    const isThere = (detector: Detector): boolean =>
      detector.kind === 'explore' ? names.has(detector.work) : existsSync(join(repository, detector.file));
    expect(mutations.filter(({ detector }) => !isThere(detector)).map(({ name }) => name)).toEqual([]);
  });
});

describe('in a copy of the sources', () => {
  let copy: SourcesCopy;
  beforeAll(async () => {
    copy = await copySources(new AbortController().signal);
  }, 120_000);
  afterAll(() => copy.remove());

  const run = (...tried: readonly Mutation[]): Promise<readonly Row[]> =>
    runMutations(tried, [copy.workbench], () => undefined);

  const detectors = [
    tests('trust/src/atomic-file'),
    tests('trust/src/atomic-file', 'syncs the content'),
    explore('a person gives up writes'),
  ].map((detector) => [nameOf(detector), detector] as const);

  test.each(detectors)(
    '%s catches a file that is not synced, and nothing when nothing is changed',
    async (_, detector) => {
      const [unsynced, unchanged] = await run({ ...notSynced, detector }, { ...nothing, detector });
      expect(unsynced).toMatchObject({ kind: 'caught', complaint: expect.stringMatching(/./) });
      expect(unchanged).toMatchObject({ kind: 'missed', problem: 'nothing was noticed' });
      expect(await copy.workbench.read(notSynced.file)).toBe(readFileSync(join(repository, notSynced.file), 'utf8'));
    },
    240_000,
  );

  test('a dependency is mutated as well', async () => {
    const [row] = await run(named('one signature is enough'));
    expect(row).toMatchObject({ kind: 'caught' });
  }, 120_000);

  test('a mutation that applies nowhere, in two places, or to a file that is gone, is stale', async () => {
    const rows = await run(
      { ...nothing, find: 'what nobody wrote' },
      { ...nothing, find: 'await' },
      { ...nothing, file: 'packages/gone.ts' },
    );
    expect(rows.map(({ kind }) => kind)).toEqual(['stale', 'stale', 'stale']);
  }, 120_000);

  test('what is no program any more is not caught', async () => {
    const detector = tests('trust/src/atomic-file');
    const [unknown, unclosed] = await run(
      { ...notSynced, replace: 'await fiel.sync();', detector },
      { ...notSynced, replace: 'await file.sync(', detector },
    );
    expect(unknown).toMatchObject({ kind: 'missed', problem: expect.stringMatching(/fiel is not defined/) });
    expect(unclosed).toMatchObject({ kind: 'missed', problem: expect.stringMatching(/does not load/) });
  }, 120_000);

  test('a detector that finds no test, or complains of sound code, catches nothing', async () => {
    const alwaysRed = 'packages/trust/src/atomic-file.test.ts';
    const text = readFileSync(join(repository, alwaysRed), 'utf8');
    const [none] = await run({ ...notSynced, detector: tests('trust/src/atomic-file', 'there is no such test') });
    expect(none).toMatchObject({ kind: 'missed', problem: expect.stringMatching(/no test was run/) });
    await copy.workbench.write(alwaysRed, `${text}\ntest('red', () => expect(1).toBe(2));\n`);
    const [red] = await run(notSynced);
    await copy.workbench.write(alwaysRed, text);
    expect(red).toMatchObject({
      kind: 'missed',
      problem: expect.stringMatching(/complains of sound code: .*expected 1/),
    });
  }, 120_000);
});

test('a finding is one line, and a program that cannot run, or had no time, is no complaint', () => {
  expect(findingOf([])).toEqual({ kind: 'silent' });
  expect(findingOf(['AssertionError: no\nat line 2', 'more'])).toEqual({
    kind: 'complains',
    complaint: 'AssertionError: no',
  });
  expect(findingOf(['recovery: fiel is not defined'])).toMatchObject({ kind: 'undecided' });
  expect(findingOf(['TestTimeoutError: Test timed out in 60000ms.'])).toMatchObject({ kind: 'undecided' });
});

const notSynced: Mutation = {
  ...named('a file is renamed before its content is synced'),
  detector: tests('trust/src/atomic-file'),
};
const nothing: Mutation = { ...notSynced, name: 'nothing', replace: notSynced.find };

function named(name: string): Mutation {
  const found = mutations.find((mutation) => mutation.name === name);
  if (!found) throw new Error(`there is no mutation "${name}"`);
  return found;
}
