import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Disk } from '@kedge/core/ports';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { linkAtomic, makeFolderDurable, parentOf, removeTree, writeAtomic } from './atomic-file.ts';
import { nodeDisk } from './os/disk.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-atomic-'));
  file = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

describe('writing a file', () => {
  test('syncs the content before the rename and the folder after it', async () => {
    const { disk, calls } = recorded();
    await writeAtomic(disk, file, bytes('new'), 0o600);
    expect(calls).toEqual([
      'removeFile file.tmp',
      'open file.tmp',
      'write',
      'sync',
      'close',
      'rename file',
      `syncFolder`,
    ]);
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('cut off at any step leaves the old file or the new one, and the next one gets through', async () => {
    for (const step of ['removeFile', 'open', 'write', 'sync', 'rename', 'syncFolder']) {
      writeFileSync(file, 'old');
      await expect(writeAtomic(recorded(step).disk, file, bytes('new'))).rejects.toThrow(step);
      expect(readFileSync(file, 'utf8')).toBe(step === 'syncFolder' ? 'new' : 'old');
      await writeAtomic(nodeDisk, file, bytes('newer'));
      expect(readFileSync(file, 'utf8')).toBe('newer');
      expect(readdirSync(folder)).toEqual(['file']);
    }
  });

  test('is not led astray by what stands at the name of its temp file', async () => {
    writeFileSync(join(folder, 'precious'), 'mine');
    symlinkSync('precious', `${file}.tmp`);
    await writeAtomic(nodeDisk, file, bytes('new'));
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('mine');
  });
});

describe('a link', () => {
  test('is replaced by one rename, and the folder synced after it', async () => {
    symlinkSync('old', file);
    const { disk, calls } = recorded();
    await linkAtomic(disk, 'new', file);
    expect(calls).toEqual(['removeFile file.tmp', 'symlink', 'rename file', 'syncFolder']);
    expect(readlinkSync(file)).toBe('new');
  });

  test('cut off before the rename is the old one, and the next one gets through', async () => {
    symlinkSync('old', file);
    await expect(linkAtomic(recorded('rename').disk, 'new', file)).rejects.toThrow('rename');
    expect(readlinkSync(file)).toBe('old');
    await linkAtomic(nodeDisk, 'new', file);
    expect(readlinkSync(file)).toBe('new');
  });
});

describe('a folder', () => {
  test('is made with its parents, each of them made durable by its own', async () => {
    const { disk, calls } = recorded();
    await makeFolderDurable(disk, join(folder, 'a/b'), 0o700);
    expect(calls).toEqual(['makeFolder a', 'syncFolder', 'makeFolder b', 'syncFolder a']);
    expect(statSync(join(folder, 'a/b')).mode & 0o777).toBe(0o700);
    await makeFolderDurable(disk, join(folder, 'a/b'));
    expect(calls).toHaveLength(4);
  });

  test('is removed with all below it, and no link is followed', async () => {
    mkdirSync(join(folder, 'tree/deep'), { recursive: true });
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other/file'), 'mine');
    writeFileSync(join(folder, 'tree/deep/file'), '');
    symlinkSync('../other', join(folder, 'tree/link'));
    await removeTree(nodeDisk, join(folder, 'tree'));
    await removeTree(nodeDisk, join(folder, 'tree'));
    expect(existsSync(join(folder, 'tree'))).toBe(false);
    expect(readFileSync(join(folder, 'other/file'), 'utf8')).toBe('mine');
  });
});

test('the parent of a path is the folder above it, and of the root the root', () => {
  expect(['/a/b', '/a', '/'].map(parentOf)).toEqual(['/a', '/', '/']);
});

/** The real disk, which writes down what it is asked for, and breaks at one step if it is told to. */
function recorded(breaks?: string): { readonly disk: Disk; readonly calls: string[] } {
  const calls: string[] = [];
  const step = (name: string, path = ''): void => {
    calls.push(path === '' || path === folder ? name : `${name} ${path.slice(path.lastIndexOf('/') + 1)}`);
    if (name === breaks) throw new Error(`cut at ${name}`);
  };
  return {
    calls,
    disk: {
      ...nodeDisk,
      async open(path, how, mode) {
        step('open', path);
        const file = await nodeDisk.open(path, how, mode);
        return {
          async write(content) {
            // What a cut leaves of a write is half of it.
            await file.write(content.subarray(0, content.length / 2));
            step('write');
            await file.write(content.subarray(content.length / 2));
          },
          async sync() {
            step('sync');
            await file.sync();
          },
          async close() {
            if (breaks === undefined) step('close');
            await file.close();
          },
        };
      },
      async rename(from, to) {
        step('rename', to);
        await nodeDisk.rename(from, to);
      },
      async removeFile(path) {
        step('removeFile', path);
        await nodeDisk.removeFile(path);
      },
      async symlink(target, path) {
        step('symlink');
        await nodeDisk.symlink(target, path);
      },
      async makeFolder(path, mode) {
        step('makeFolder', path);
        await nodeDisk.makeFolder(path, mode);
      },
      async syncFolder(path) {
        step('syncFolder', path);
        await nodeDisk.syncFolder(path);
      },
    },
  };
}
