import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Migration } from './manifest.ts';
import { checksumOf, databasesOf, planDown, planUp } from './migration-plan.ts';
import { digest } from './sample.fixture.ts';

const sql = (id: string, database = 'app.db'): Migration => ({
  kind: 'sql',
  id,
  database,
  up: `${id}.up.sql`,
  down: `${id}.down.sql`,
  sha256: digest(id.slice(-1)),
});
const command = { kind: 'command', id: '003', database: 'app.db', up: ['./up'], down: ['./down'] } satisfies Migration;
const oneWay: Migration = { kind: 'sql', id: '004', database: 'app.db', up: '4.sql', sha256: digest('4') };
const row = (migration: Migration) => ({ id: migration.id, checksum: checksumOf(migration) });
const known = [sql('001'), sql('001', 'log.db'), sql('002'), command];

describe('the way up', () => {
  test('is all that was not applied yet, in the order of the manifest, over all databases', () => {
    expect(planUp({}, known)).toEqual({ kind: 'plan', pending: known });
    expect(planUp({ 'app.db': [row(sql('001'))], 'log.db': [] }, known)).toEqual({
      kind: 'plan',
      pending: [sql('001', 'log.db'), sql('002'), command],
    });
  });

  test('is empty when all was applied', () => {
    const applied = { 'app.db': [row(sql('001')), row(sql('002')), row(command)], 'log.db': [row(sql('001'))] };
    expect(planUp(applied, known)).toEqual({ kind: 'plan', pending: [] });
  });

  test.each([
    ['was changed after it was applied', { 'app.db': [{ id: '001', checksum: digest('e') }] }],
    ['migration 009 was applied but is not in the release', { 'app.db': [row(sql('009'))] }],
    ['old.db: migration 001 was applied but is not in the release', { 'old.db': [row(sql('001'))] }],
    ['app.db: migration 001 stands before 002, which was applied', { 'app.db': [row(sql('002'))] }],
  ])('is a conflict where a migration %s', (problem, applied) => {
    expect(planUp(applied, known)).toEqual({ kind: 'conflict', problem: expect.stringContaining(problem) });
  });

  test('is a conflict where the release has two migrations of one name', () => {
    expect(planUp({}, [sql('001'), sql('001')])).toEqual({
      kind: 'conflict',
      problem: 'app.db: the release has two migrations 001; give one another id',
    });
  });
});

describe('the way down', () => {
  test('undoes what is beyond the target, newest first', () => {
    const applied = { 'app.db': [row(sql('001')), row(sql('002')), row(command)], 'log.db': [row(sql('001'))] };
    expect(planDown(applied, [sql('001')], known)).toEqual({
      kind: 'plan',
      undo: [command, sql('002'), sql('001', 'log.db')],
    });
  });

  test('undoes only what was applied', () => {
    expect(planDown({ 'app.db': [row(sql('001'))] }, [], known)).toEqual({ kind: 'plan', undo: [sql('001')] });
    expect(planDown({}, [], known)).toEqual({ kind: 'plan', undo: [] });
  });

  test('undoes a command that would have come next, because it may have begun', () => {
    const applied = { 'app.db': [row(sql('001')), row(sql('002'))] };
    const all = [sql('001'), sql('002'), command];
    expect(planDown(applied, [sql('001')], all)).toEqual({ kind: 'plan', undo: [command, sql('002')] });
    expect(planDown(applied, all, all)).toEqual({ kind: 'plan', undo: [] });
    const { down: _, ...noWay } = command;
    expect(planDown(applied, [sql('001')], [...all.slice(0, 2), noWay])).toMatchObject({ kind: 'no_way_down' });
  });

  test('is blocked by a migration without a way down', () => {
    const applied = { 'app.db': [row(sql('001')), row(oneWay)] };
    expect(planDown(applied, [sql('001')], [sql('001'), oneWay])).toEqual({
      kind: 'no_way_down',
      database: 'app.db',
      id: '004',
    });
  });

  test('is blocked by a migration that is not known, or not known in this form', () => {
    expect(planDown({ 'app.db': [row(sql('009'))] }, [], known)).toMatchObject({ kind: 'no_way_down', id: '009' });
    const changed = { 'app.db': [{ id: '001', checksum: digest('e') }] };
    expect(planDown(changed, [], known)).toMatchObject({ kind: 'no_way_down', id: '001' });
  });
});

test('up and then down again undoes exactly what was pending, backwards', () => {
  const migrations = fc.uniqueArray(fc.tuple(fc.constantFrom('a.db', 'b.db'), fc.nat(9)), {
    selector: ([database, digit]) => `${database} ${digit}`,
  });
  fc.assert(
    fc.property(migrations, fc.nat(20), (ids, count) => {
      const all = ids.map(([database, digit]) => sql(`00${digit}`, database));
      const target = all.slice(0, count);
      const rows = (database: string) => all.filter((migration) => migration.database === database).map(row);
      const before = Object.fromEntries(
        databasesOf(target).map((database) => [
          database,
          target.filter((migration) => migration.database === database).map(row),
        ]),
      );
      const after = Object.fromEntries(databasesOf(all).map((database) => [database, rows(database)]));
      const up = planUp(before, all);
      expect(up).toEqual({ kind: 'plan', pending: all.slice(count) });
      expect(planDown(after, target, all)).toEqual({ kind: 'plan', undo: all.slice(count).toReversed() });
    }),
  );
});

test('the checksum of a command is a constant, that of SQL its digest', () => {
  expect(checksumOf(command)).toBe('command');
  expect(checksumOf(sql('002'))).toBe(digest('2'));
});
