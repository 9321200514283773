import { createHash } from 'node:crypto';
import { chmod, lstat, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { Artifact } from '@kedge/core/manifest';
import type { Disk } from '@kedge/core/ports';
import { type TreeEntry, treeDigest } from '@kedge/core/tree';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { failingDisk } from '@kedge/trust/testing/failing-disk';
import { type Header, pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decompressZstd } from '../os/zstd.ts';
import { releaseFolderDeployer } from './release-folder.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kedge-deploy-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const deployer = (disk: Disk = nodeDisk) => releaseFolderDeployer({ disk, sha256, decompress: decompressZstd, root });

describe('stage', () => {
  test('unpacks files, folders and symlinks with the modes of a release', async () => {
    const { artifact, bytes } = await release(app);
    await deployer().stage('1.0.0', artifact, bytes());
    const folder = deployer().folder('1.0.0');
    expect(await readFile(`${folder}/bin/app`, 'utf8')).toBe('#!/bin/sh\n');
    expect((await lstat(`${folder}/bin/app`)).mode & 0o7777).toBe(0o755);
    expect((await lstat(`${folder}/web/index.html`)).mode & 0o7777).toBe(0o644);
    expect((await lstat(`${folder}/web`)).mode & 0o7777).toBe(0o755);
    expect(await readlink(`${folder}/web/run`)).toBe('../bin/app');
    expect(await deployer().versions()).toEqual(['1.0.0']);
    expect(await readdir(`${root}/releases/.staging`)).toEqual([]);
  });

  test('keeps a whole tree that is there already, without reading the archive', async () => {
    const { artifact, bytes } = await release(app);
    await deployer().stage('1.0.0', artifact, bytes());
    const before = await lstat(`${root}/releases/1.0.0/bin/app`);
    await deployer().stage('1.0.0', artifact, unreadable());
    expect((await lstat(`${root}/releases/1.0.0/bin/app`)).ino).toBe(before.ino);
  });

  test.for([
    ['another content', (folder: string) => writeFile(`${folder}/bin/app`, '#!/bin/no\n')],
    ['another mode', (folder: string) => chmod(`${folder}/web/index.html`, 0o600)],
    ['a file more', (folder: string) => writeFile(`${folder}/more`, '')],
    ['a file less', (folder: string) => rm(`${folder}/web/index.html`)],
  ] as const)('replaces a tree that has %s by now', async ([, damage]) => {
    const { artifact, bytes } = await release(app);
    await deployer().stage('1.0.0', artifact, bytes());
    await damage(deployer().folder('1.0.0'));
    await deployer().stage('1.0.0', artifact, bytes());
    expect(await readFile(`${root}/releases/1.0.0/bin/app`, 'utf8')).toBe('#!/bin/sh\n');
    expect((await lstat(`${root}/releases/1.0.0/web/index.html`)).mode & 0o7777).toBe(0o644);
    expect(await readdir(`${root}/releases/1.0.0`)).toEqual(['bin', 'web']);
  });

  test('leaves a damaged tree alone while it is live', async () => {
    const { artifact, bytes } = await release(app);
    await deployer().stage('1.0.0', artifact, bytes());
    await deployer().switchTo('1.0.0');
    await writeFile(`${root}/releases/1.0.0/bin/app`, 'damaged');
    await expect(deployer().stage('1.0.0', artifact, bytes())).rejects.toThrow(/damaged and live/);
    expect(await readFile(`${root}/releases/1.0.0/bin/app`, 'utf8')).toBe('damaged');
  });

  test('refuses a tree that is not the one of the manifest', async () => {
    const { artifact, bytes } = await release(app);
    const other = { ...artifact, tree_sha256: '0'.repeat(64) };
    await expect(deployer().stage('1.0.0', other, bytes())).rejects.toMatchObject({ name: 'TreeMismatch' });
    expect(await deployer().versions()).toEqual([]);
  });

  test('refuses an archive that is cut short', async () => {
    const { artifact, tar } = await release([file('a', 'x'.repeat(100_000))]);
    const cut = zstdCompressSync(tar.subarray(0, 50_000));
    await expect(deployer().stage('1.0.0', artifact, once(cut))).rejects.toMatchObject({ name: 'HostileArchive' });
    expect(await deployer().versions()).toEqual([]);
  });

  test('passes on what the source of the archive fails with', async () => {
    const { artifact, bytes } = await release([file('a', randomText(500_000))]);
    async function* failing() {
      for await (const chunk of bytes()) yield chunk.subarray(0, 1000);
      throw Object.assign(new Error('unplugged'), { code: 'EIO' });
    }
    await expect(deployer().stage('1.0.0', artifact, failing())).rejects.toMatchObject({ code: 'EIO' });
  });

  test('ends in the same state after an error at every single disk operation', async () => {
    const { artifact, bytes } = await release(app);
    const done = await untilItSucceeds(
      (disk) => deployer(disk).stage('1.0.0', artifact, bytes()),
      async () => {
        for (const version of await deployer().versions()) {
          expect(await readFile(`${root}/releases/${version}/web/index.html`, 'utf8')).toBe('<html>');
        }
        expect(['', 'releases']).toContain((await readdir(root)).join());
      },
    );
    expect(done).toBeGreaterThan(20);
    expect(await deployer().versions()).toEqual(['1.0.0']);
  });
});

describe('an archive', () => {
  const hostile: readonly (readonly [string, readonly Entry[]])[] = [
    ['an absolute path', [file('/etc/passwd', 'x')]],
    ['a path that climbs', [file('../x', 'x')]],
    ['a path that climbs inside', [folder('a'), file('a/../../x', 'x')]],
    ['a backslash', [file('a\\b', 'x')]],
    ['an empty part', [folder('a'), file('a//b', 'x')]],
    ['a dot part', [file('./a', 'x')]],
    ['a hard link', [file('a', 'x'), { header: { name: 'b', type: 'link', linkname: 'a' } }]],
    ['a device', [{ header: { name: 'a', type: 'character-device', devmajor: 1, devminor: 3 } }]],
    ['a fifo', [{ header: { name: 'a', type: 'fifo' } }]],
    ['a setuid file', [{ header: { name: 'a', mode: 0o4755 }, content: 'x' }]],
    ['a setgid folder', [{ header: { name: 'a', type: 'directory', mode: 0o2755 } }]],
    ['the same name twice', [file('a', 'x'), file('a', 'y')]],
    ['names that differ in case', [folder('web'), folder('Web')]],
    ['names that differ in their normal form', [file('\u00e9', 'x'), file('e\u0301', 'y')]],
    ['an entry below a symlink', [folder('b'), link('a', 'b'), file('a/x', 'x')]],
    ['an entry below a file', [file('a', 'x'), file('a/x', 'x')]],
    ['an entry before its folder', [file('a/x', 'x'), folder('a')]],
    ['an absolute symlink', [link('a', '/etc/passwd')]],
    ['a symlink that climbs out', [folder('a'), link('a/b', '../../x')]],
    ['a symlink that climbs after going down', [folder('a'), link('a/l', '..'), link('x', 'a/l/../x')]],
    ['a symlink to nothing', [link('a', '')]],
    ['a name over 255 bytes', [file('\u00e9'.repeat(128), 'x')]],
  ];

  test.for(hostile)('with %s is refused, and nothing of it is left outside .staging', async ([, entries]) => {
    const { artifact, bytes } = await release(entries);
    await expect(deployer().stage('1.0.0', artifact, bytes())).rejects.toMatchObject({ name: 'HostileArchive' });
    expect(await readdir(root)).toEqual(['releases']);
    expect(await readdir(`${root}/releases`)).toEqual(['.staging']);
  });

  test('with a path over 1024 bytes is refused', async () => {
    const deep = Array.from({ length: 6 }, (_, index) =>
      Array(index + 1)
        .fill('d'.repeat(200))
        .join('/'),
    );
    const { artifact, bytes } = await release(deep.map(folder));
    await expect(deployer().stage('1.0.0', artifact, bytes())).rejects.toThrow(/over 1024 bytes/);
  });

  test('with more entries or bytes than the manifest says is refused before they are written', async () => {
    const { artifact, bytes } = await release([file('a', 'aa'), file('b', 'bb')]);
    const stage = (limits: Partial<Artifact>) => deployer().stage('1.0.0', { ...artifact, ...limits }, bytes());
    await expect(stage({ entry_count: 1 })).rejects.toThrow(/one more than the 1 entries/);
    await expect(stage({ unpacked_bytes: 3 })).rejects.toThrow(/past the 3 bytes/);
    expect(await readdir(`${root}/releases/.staging/1.0.0`)).toEqual(['a']);
  });

  test('that goes on for ever without an entry is refused', async () => {
    const { artifact } = await release(app);
    const endless = zstdCompressSync(Buffer.alloc(50_000_000));
    await expect(deployer().stage('1.0.0', artifact, once(endless))).rejects.toThrow(/longer than/);
  });

  test('may have symlinks that stay inside', async () => {
    const entries = [folder('a'), folder('a/b'), link('a/b/up', '../..'), link('a/b/c', '../../a/x'), link('l', 'a/b')];
    const { artifact, bytes } = await release(entries);
    await deployer().stage('1.0.0', artifact, bytes());
    expect(await readlink(`${root}/releases/1.0.0/a/b/up`)).toBe('../..');
  });
});

describe('going live', () => {
  test('is one rename, and there is a live version at every moment', async () => {
    const { artifact, bytes } = await release(app);
    for (const version of ['1.0.0', '2.0.0']) await deployer().stage(version, artifact, bytes());
    await deployer().switchTo('1.0.0');
    await untilItSucceeds(
      (disk) => deployer(disk).switchTo('2.0.0'),
      async () => {
        expect(['1.0.0', '2.0.0']).toContain(await deployer().live());
      },
    );
    expect(await readlink(`${root}/current`)).toBe('releases/2.0.0');
  });

  test('ends with nothing live when it is switched to nothing', async () => {
    const { artifact, bytes } = await release(app);
    await deployer().stage('1.0.0', artifact, bytes());
    await deployer().switchTo('1.0.0');
    await deployer().setPrevious('1.0.0');
    await deployer().switchTo(undefined);
    await deployer().setPrevious(undefined);
    expect([await deployer().live(), await deployer().previous()]).toEqual([undefined, undefined]);
  });

  test('refuses a version that is not on the device', async () => {
    await expect(deployer().switchTo('9.9.9')).rejects.toThrow(/stage it first/);
  });

  test('says so when the link was made by somebody else', async () => {
    await symlink('/opt/app', `${root}/current`);
    await expect(deployer().live()).rejects.toThrow('/opt/app, not a link to a release');
  });
});

describe('drop', () => {
  test('removes a tree and what is half staged of it, and may be repeated', async () => {
    const { artifact, bytes } = await release(app);
    await deployer().stage('1.0.0', artifact, bytes());
    await untilItSucceeds(
      (disk) => deployer(disk).drop('1.0.0'),
      async () => {
        if ((await deployer().versions()).length === 0) return;
        expect(await readFile(`${root}/releases/1.0.0/web/index.html`, 'utf8')).toBe('<html>');
      },
    );
    await deployer().drop('1.0.0');
    expect(await deployer().versions()).toEqual([]);
    expect(await readdir(`${root}/releases/.staging`)).toEqual([]);
  });

  test('refuses the live and the previous version', async () => {
    const { artifact, bytes } = await release(app);
    for (const version of ['1.0.0', '2.0.0']) await deployer().stage(version, artifact, bytes());
    await deployer().switchTo('2.0.0');
    await deployer().setPrevious('1.0.0');
    await expect(deployer().drop('2.0.0')).rejects.toThrow(/current points to it/);
    await expect(deployer().drop('1.0.0')).rejects.toThrow(/previous points to it/);
  });
});

type Entry = { readonly header: Partial<Header> & { readonly name: string }; readonly content?: string };
const file = (name: string, content: string, mode = 0o644): Entry => ({ header: { name, mode }, content });
const folder = (name: string): Entry => ({ header: { name, type: 'directory', mode: 0o755 } });
const link = (name: string, linkname: string): Entry => ({ header: { name, type: 'symlink', linkname, mode: 0o777 } });

const app = [
  folder('bin'),
  file('bin/app', '#!/bin/sh\n', 0o700),
  folder('web'),
  file('web/index.html', '<html>', 0o600),
  link('web/run', '../bin/app'),
];

/** An archive of these entries, and what an honest manifest says of it. */
async function release(entries: readonly Entry[]) {
  const archive = pack();
  for (const { header, content } of entries) archive.entry({ ...header }, content ?? '');
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) if (chunk instanceof Uint8Array) chunks.push(chunk);
  const tar = Buffer.concat(chunks);
  const compressed = zstdCompressSync(tar);
  const artifact: Artifact = {
    platform: 'any',
    sha256: createHash('sha256').update(compressed).digest('hex'),
    length_bytes: compressed.length,
    unpacked_bytes: entries.reduce((sum, { content = '' }) => sum + Buffer.byteLength(content), 0),
    entry_count: entries.length,
    tree_sha256: treeDigest(entries.map(treeEntry), sha256),
  };
  return { artifact, tar, bytes: () => once(compressed) };
}

function treeEntry({ header, content = '' }: Entry): TreeEntry {
  const path = header.name;
  if (header.type === 'directory') return { kind: 'folder', path };
  if (header.type === 'symlink') return { kind: 'symlink', path, target: header.linkname ?? '' };
  const digest = createHash('sha256').update(content).digest('hex');
  const executable = ((header.mode ?? 0) & 0o100) !== 0;
  return { kind: 'file', path, executable, size_bytes: Buffer.byteLength(content), sha256: digest };
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

async function* unreadable() {
  yield new Uint8Array();
  throw new Error('the archive was read');
}

function randomText(length: number): string {
  let text = '';
  for (let seed = 1; text.length < length; seed = (seed * 48_271) % 2_147_483_647) text += seed.toString(36);
  return text.slice(0, length);
}

/** Runs the work with a disk that fails at its first change, then at its second, ... until none fails. @returns how many there were */
async function untilItSucceeds(work: (disk: Disk) => Promise<void>, afterEachFailure: () => Promise<void>) {
  for (let fails_at = 1; ; fails_at += 1) {
    const { disk } = failingDisk(nodeDisk, fails_at);
    try {
      await work(disk);
      return fails_at;
    } catch (error) {
      expect(error).toMatchObject({ code: 'EIO' });
      await afterEachFailure();
    }
  }
}
