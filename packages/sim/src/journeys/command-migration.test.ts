/** A release whose second migration is a program: unlike SQL it is in no transaction, and the data comes back all the same. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../testing/world.ts';
import { installFirst, type OwnedDevice, ownDevice, texts } from './testing/owned-device.ts';

let world: World;
let owned: OwnedDevice;
beforeEach(async () => {
  world = await createWorld();
  owned = await ownDevice(world);
  await installFirst(world, owned);
  mkdirSync(data('covers'));
  writeFileSync(data('covers/a'), 'old');
});
afterEach(() => world.close());

const data = (path: string): string => join(world.device_folder, 'data', path);
const covers = () => readFileSync(data('covers/a'), 'utf8');

const to = (word: string) => `#!/bin/sh\nset -e\nprintf ${word} > "$KEDGE_DATA/covers/a"\n`;
const up = to('new');
const down = to('old');

/** 0002 is a program, 0003 is SQL. */
function next(programs: { readonly [name: string]: string }) {
  return {
    version: '1.1.0',
    counter: 2,
    migration: 'none' as const,
    programs: Object.fromEntries(
      Object.entries({
        '0003_last.up.sql': 'CREATE TABLE last (id);',
        '0003_last.down.sql': 'DROP TABLE last;',
        ...programs,
      }).map(([name, content]) => [`migrations/${name}`, content]),
    ),
    fields: {
      data: [
        { kind: 'sqlite', path: 'app.db' },
        { kind: 'directory', path: 'covers' },
      ],
    },
  };
}

test('it is run in the order of its number, and once', async () => {
  const count =
    '#!/bin/sh\necho up >> "$KEDGE_DATA/covers/runs"\nbasename "$KEDGE_DATABASE" >> "$KEDGE_DATA/covers/runs"\n';
  await world.publish(next({ '0002_covers.up': count }));
  expect(await owned.check()).toMatchObject({ kind: 'updated', to: '1.1.0' });
  await world.publish({ ...next({ '0002_covers.up': count }), version: '1.2.0', counter: 3 });
  expect(await owned.check()).toMatchObject({ kind: 'updated', to: '1.2.0' });
  expect(readFileSync(data('covers/runs'), 'utf8')).toBe('up\napp.db\n');
  const applied = await owned.booted.device.data.applied('app.db');
  expect(applied.map(({ id }) => id)).toEqual(['0001_notes', '0002_covers', '0003_last']);
});

describe('a person goes back', () => {
  test('with a way down its program is run, and rows written since are kept', async () => {
    await world.publish(next({ '0002_covers.up': up, '0002_covers.down': down }));
    await owned.check();
    expect(covers()).toBe('new');
    await world.ask('second', 'POST');
    expect(await owned.rollback()).toMatchObject({ kind: 'rolled_back', lost_writes: null });
    expect(covers()).toBe('old');
    expect(await texts(world, '1.0.0')).toEqual(['first', 'second']);
  });

  test('without a way down it is refused, and with --lose-writes the backup is restored', async () => {
    await world.publish(next({ '0002_covers.up': up }));
    await owned.check();
    await world.ask('second', 'POST');
    await expect(owned.rollback()).rejects.toThrow(/^migration 0002_covers has no way down/);
    expect(await owned.rollback(true)).toMatchObject({ lost_writes: { from: expect.any(String) } });
    expect(await texts(world, '1.0.0')).toEqual(['first']);
  });
});

describe('a program that fails half-way', () => {
  const half = `${up}echo "covers/b cannot be read" >&2\nexit 3\n`;

  test('is undone by its way down: no write is lost', async () => {
    await world.publish(next({ '0002_covers.up': half, '0002_covers.down': down }));
    const report = await owned.check();
    expect(report).toMatchObject({ kind: 'rolled_back', stage: 'apply', lost_writes: null });
    expect(report.reasons[0]).toBe(
      'migration 0002_covers up failed: "migrations/0002_covers.up" ended with exit code 3: covers/b cannot be read',
    );
    expect(covers()).toBe('old');
    expect(await texts(world, '1.0.0')).toEqual(['first']);
  });

  test('and has no way down is undone by the backup', async () => {
    await world.publish(next({ '0002_covers.up': half }));
    const report = await owned.check();
    expect(report).toMatchObject({ kind: 'rolled_back', stage: 'apply', lost_writes: { from: expect.any(String) } });
    expect(covers()).toBe('old');
    expect(await texts(world, '1.0.0')).toEqual(['first']);
  });
});

test('a pre-check that says no keeps the app running and the data untouched', async () => {
  const no = '#!/bin/sh\necho "covers are being scanned"\nexit 1\n';
  await world.publish(next({ '0002_covers.up': up, '0002_covers.check': no }));
  const before = world.ask();
  const report = await owned.check();
  expect(report).toMatchObject({ kind: 'dropped', stage: 'apply', lost_writes: null });
  expect(report.reasons[0]).toContain('the pre-check of migration 0002_covers says: ');
  expect(report.reasons[0]).toContain('covers are being scanned');
  expect(covers()).toBe('old');
  expect(await before).toMatchObject({ version: '1.0.0' });
  expect(owned.booted.device.service.state()).toMatchObject({ kind: 'running', restarts: 0 });
});
