import type { Disk } from '@kedge/core/ports';
import { expect, test } from 'vitest';
import { createPrng } from '../prng.ts';
import { emptyFileSystem, type FileSystem } from './model.ts';
import { choicesIn, crashStates, everythingSurvives, fallsOf } from './power-cut.ts';
import { simulatedDisk } from './simulated-disk.ts';

const all_max = 2000;

function newDisk(lies = false): { readonly system: FileSystem; readonly disk: Disk } {
  const system = emptyFileSystem();
  return { system, disk: simulatedDisk(system, () => undefined, lies) };
}

async function write(disk: Disk, path: string, ...chunks: readonly string[]): Promise<void> {
  const file = await disk.open(path, 'new', 0o644);
  for (const chunk of chunks) await file.write(new TextEncoder().encode(chunk));
  await file.close();
}

async function sync(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path, 'append', 0o644);
  await file.sync();
  await file.close();
}

async function writeDurable(disk: Disk, path: string, text: string): Promise<void> {
  await write(disk, path, text);
  await sync(disk, path);
  await disk.syncFolder('/');
}

/** Every state after a cut now, each as the text of its files and links. Zeros are written as dots. */
async function statesOf(system: FileSystem): Promise<readonly string[]> {
  const { states, combinations } = crashStates(system, all_max, createPrng(1));
  expect(combinations).toBeLessThanOrEqual(all_max);
  const texts = await Promise.all(
    states.map((state) =>
      textOf(
        simulatedDisk(state, () => undefined),
        '',
      ),
    ),
  );
  return [...new Set(texts)].toSorted();
}

async function textOf(disk: Disk, folder: string): Promise<string> {
  const parts: string[] = [];
  for (const name of (await disk.list(folder === '' ? '/' : folder)) ?? []) {
    const path = `${folder}/${name}`;
    const entry = await disk.stat(path);
    if (entry?.kind === 'symlink') parts.push(`${path}->${entry.target}`);
    else if (entry?.kind === 'folder') parts.push(`${path}/`, await textOf(disk, path));
    else if (entry?.kind === 'file') {
      const bytes = (await disk.read(path, 10_000)) ?? new Uint8Array();
      parts.push(
        `${path}=${short(new TextDecoder().decode(bytes))}${entry.mode === 0o644 ? '' : ` ${entry.mode.toString(8)}`}`,
      );
    }
  }
  return parts.filter((part) => part !== '').join(' ');
}

/** Runs of one letter, counted: `a512`. */
function short(text: string): string {
  return text.replaceAll('\0', '.').replaceAll(/(.)\1{9,}/g, (run, letter: string) => `${letter}${run.length}`);
}

test('a file that was synced, with its name, is there', async () => {
  const { system, disk } = newDisk();
  await writeDurable(disk, '/a', 'one');
  expect(await statesOf(system)).toEqual(['/a=one']);
});

test('a file whose folder was not synced may have no name', async () => {
  const { system, disk } = newDisk();
  await write(disk, '/a', 'one');
  await sync(disk, '/a');
  expect(await statesOf(system)).toEqual(['', '/a=one']);
});

test('what was not synced may be empty, zeros, or there', async () => {
  const { system, disk } = newDisk();
  await write(disk, '/a', 'one');
  await disk.syncFolder('/');
  expect(await statesOf(system)).toEqual(['/a=', '/a=...', '/a=one']);
});

test('a file that was renamed without a sync may be empty under its new name', async () => {
  const { system, disk } = newDisk();
  await writeDurable(disk, '/a', 'one');
  await write(disk, '/a.tmp', 'two');
  await disk.rename('/a.tmp', '/a');
  await disk.syncFolder('/');
  expect(await statesOf(system)).toEqual(['/a=', '/a=...', '/a=two']);
});

test('a write may be torn at any sector, the rest missing or zeros', async () => {
  const { system, disk } = newDisk();
  await write(disk, '/a', 'x'.repeat(1100));
  await disk.syncFolder('/');
  expect(await statesOf(system)).toEqual(
    ['/a=', '/a=.1100', '/a=x512', '/a=x512.588', '/a=x1024', '/a=x1024.76', '/a=x1100'].toSorted(),
  );
});

test('of several writes each may be lost, also one before another that survived', async () => {
  const { system, disk } = newDisk();
  await write(disk, '/a', 'one', 'two');
  await disk.syncFolder('/');
  expect(await statesOf(system)).toEqual(['/a=', '/a=......', '/a=...two', '/a=one', '/a=one...', '/a=onetwo']);
});

test('what was durable stays when more is appended', async () => {
  const { system, disk } = newDisk();
  await writeDurable(disk, '/a', 'one');
  const file = await disk.open('/a', 'append', 0o644);
  await file.write(new TextEncoder().encode('two'));
  expect(await statesOf(system)).toEqual(['/a=one', '/a=one...', '/a=onetwo']);
});

test('a file that is emptied and written anew may be the old one, the new one, empty, or a mixture', async () => {
  const { system, disk } = newDisk();
  await writeDurable(disk, '/a', 'before');
  await write(disk, '/a', 'two');
  expect(await statesOf(system)).toEqual(['/a=', '/a=...', '/a=before', '/a=two', '/a=twoore']);
});

test('changes of a folder survive in any combination', async () => {
  const { system, disk } = newDisk();
  await disk.symlink('x', '/a');
  await disk.symlink('y', '/b');
  expect(await statesOf(system)).toEqual(['', '/a->x', '/a->x /b->y', '/b->y']);
});

test('a rename leaves the old link or the new one, never none', async () => {
  const { system, disk } = newDisk();
  await disk.symlink('one', '/current');
  await disk.syncFolder('/');
  await disk.symlink('two', '/next');
  await disk.rename('/next', '/current');
  expect(await statesOf(system)).toEqual(['/current->one', '/current->one /next->two', '/current->two']);
});

test('a rename carries its own file, and not what a lost change has left under that name', async () => {
  const { system, disk } = newDisk();
  await writeDurable(disk, '/a.tmp', 'torn');
  await disk.removeFile('/a.tmp');
  await write(disk, '/a.tmp', 'whole');
  await sync(disk, '/a.tmp');
  await disk.rename('/a.tmp', '/a');
  for (const state of await statesOf(system)) expect(state).not.toContain('/a=torn');
});

test('a file that moves to another folder always has one of its names, whichever folder is synced', async () => {
  const { system, disk } = newDisk();
  await disk.makeFolder('/from');
  await disk.makeFolder('/to');
  await writeDurable(disk, '/from/a', 'one');
  await disk.syncFolder('/from');
  await disk.rename('/from/a', '/to/a');
  for (const state of await statesOf(system)) expect(state).toContain('a=one');
  await disk.syncFolder('/from');
  expect(await statesOf(system)).toEqual(['/from/ /to/ /to/a=one']);
});

test('a synced file in a folder whose own name was not synced may be gone with it', async () => {
  const { system, disk } = newDisk();
  await disk.makeFolder('/new');
  await write(disk, '/new/a', 'one');
  await sync(disk, '/new/a');
  await disk.syncFolder('/new');
  expect(await statesOf(system)).toEqual(['', '/new/ /new/a=one']);
});

test('a mode that was changed after the last sync may be the old one', async () => {
  const { system, disk } = newDisk();
  await writeDurable(disk, '/a', 'one');
  await disk.setMode('/a', 0o755);
  expect(await statesOf(system)).toEqual(['/a=one', '/a=one 755']);
});

test('on a disk that lies, what was synced may be gone', async () => {
  const { system, disk } = newDisk(true);
  await writeDurable(disk, '/a', 'one');
  expect(await statesOf(system)).toContain('');
});

test('where there are too many states, the sample holds both extremes and is the same for the same seed', async () => {
  const { system, disk } = newDisk();
  for (let number = 0; number < 20; number += 1) await disk.symlink('x', `/${number}`);
  const choices = choicesIn(system);
  const falls = fallsOf(choices, 10, createPrng(7));
  expect(falls).toHaveLength(10);
  expect(falls.slice(0, 2)).toEqual(['0'.repeat(20), everythingSurvives(choices)]);
  expect(fallsOf(choices, 10, createPrng(7))).toEqual(falls);
});
