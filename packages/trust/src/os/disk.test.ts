import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeDisk } from './disk.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-disk-'));
  file = join(folder, 'file');
});
afterEach(() => rmSync(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

async function write(path: string, how: 'new' | 'append', text: string, mode = 0o640): Promise<void> {
  const writer = await nodeDisk.open(path, how, mode);
  await writer.write(bytes(text));
  await writer.sync();
  await writer.close();
}

describe('the disk', () => {
  test('tells files, folders, symlinks and nothing apart, without following a link', async () => {
    writeFileSync(file, 'five!', { mode: 0o600 });
    symlinkSync('nowhere', join(folder, 'link'));
    expect(await nodeDisk.stat(file)).toEqual({
      kind: 'file',
      size_bytes: 5,
      mode: 0o600,
      modified_ms: expect.any(Number),
    });
    expect(await nodeDisk.stat(folder)).toEqual({ kind: 'folder', mode: 0o700 });
    expect(await nodeDisk.stat(join(folder, 'link'))).toEqual({ kind: 'symlink', target: 'nowhere' });
    expect(await nodeDisk.stat(join(folder, 'no'))).toBeUndefined();
    expect(await nodeDisk.stat(join(file, 'below'))).toBeUndefined();
    expect(await nodeDisk.stat('/dev/null')).toEqual({ kind: 'other' });
  });

  test('lists names in order, and tells an empty folder from none', async () => {
    for (const name of ['b', 'a', 'C']) writeFileSync(join(folder, name), '');
    expect(await nodeDisk.list(folder)).toEqual(['C', 'a', 'b']);
    await nodeDisk.makeFolder(join(folder, 'deep/er'));
    expect(await nodeDisk.list(join(folder, 'deep/er'))).toEqual([]);
    expect(await nodeDisk.list(join(folder, 'no'))).toBeUndefined();
  });

  test('reads a file up to its limit, and says of a longer one that it is too long', async () => {
    writeFileSync(file, '12345');
    expect(await nodeDisk.read(file, 5)).toEqual(bytes('12345'));
    await expect(nodeDisk.read(file, 4)).rejects.toMatchObject({ code: 'EFBIG' });
    expect(await nodeDisk.read(join(folder, 'no'), 5)).toBeUndefined();
    await expect(nodeDisk.read(folder, 100_000)).rejects.toMatchObject({ code: 'EISDIR' });
    await nodeDisk.makeFolder(join(folder, 'empty'));
    writeFileSync(join(folder, 'empty/file'), '');
    expect(await nodeDisk.read(join(folder, 'empty/file'), 5)).toEqual(new Uint8Array());
  });

  test.runIf(process.platform === 'linux')('reads a file that says that it is empty and is not', async () => {
    await expect(nodeDisk.read('/proc/self/status', 10)).rejects.toMatchObject({ code: 'EFBIG' });
  });

  test('streams from a byte on, and rejects at the first chunk where there is no file', async () => {
    writeFileSync(file, '12345');
    expect(await whole(nodeDisk.stream(file))).toBe('12345');
    expect(await whole(nodeDisk.stream(file, 3))).toBe('45');
    await expect(whole(nodeDisk.stream(join(folder, 'no')))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('writes anew or goes on, and gives the mode to a new file only', async () => {
    await write(file, 'new', 'first');
    await write(file, 'append', ' second', 0o600);
    expect(readFileSync(file, 'utf8')).toBe('first second');
    expect(statSync(file).mode & 0o777).toBe(0o640);
    await write(file, 'new', 'third');
    expect(readFileSync(file, 'utf8')).toBe('third');
  });

  test('does not write through a symlink', async () => {
    writeFileSync(file, 'mine');
    symlinkSync(file, join(folder, 'link'));
    await expect(nodeDisk.open(join(folder, 'link'), 'new', 0o644)).rejects.toMatchObject({ code: 'ELOOP' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('removes a link and not what it points to, and what is not there without complaint', async () => {
    writeFileSync(file, 'mine');
    await nodeDisk.symlink('file', join(folder, 'link'));
    expect(readlinkSync(join(folder, 'link'))).toBe('file');
    await nodeDisk.removeFile(join(folder, 'link'));
    expect(readFileSync(file, 'utf8')).toBe('mine');
    await nodeDisk.removeFile(join(folder, 'link'));
    await nodeDisk.removeFolder(join(folder, 'no'));
  });

  test('removes only an empty folder', async () => {
    await nodeDisk.makeFolder(join(folder, 'full/inner'));
    await expect(nodeDisk.removeFolder(join(folder, 'full'))).rejects.toMatchObject({ code: 'ENOTEMPTY' });
    await nodeDisk.removeFolder(join(folder, 'full/inner'));
    await nodeDisk.removeFolder(join(folder, 'full'));
    expect(await nodeDisk.stat(join(folder, 'full'))).toBeUndefined();
  });

  test('replaces by a rename, changes modes and syncs folders', async () => {
    writeFileSync(file, 'old');
    writeFileSync(join(folder, 'next'), 'new');
    await nodeDisk.rename(join(folder, 'next'), file);
    await nodeDisk.setMode(file, 0o400);
    await nodeDisk.syncFolder(folder);
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).mode & 0o777).toBe(0o400);
    await expect(nodeDisk.syncFolder(join(folder, 'no'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('says how much is free', async () => {
    expect(await nodeDisk.freeSpace(folder)).toBeGreaterThan(0);
    await expect(nodeDisk.freeSpace(join(folder, 'no'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}
