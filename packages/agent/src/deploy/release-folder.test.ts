import { chmod, lstat, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { Disk } from '@kedge/core/ports';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { failingDisk } from '@kedge/trust/testing/failing-disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decompressZstd } from '../os/zstd.ts';
import { honest } from '../testing/tar-writer.ts';
import { releaseFolderDeployer } from './release-folder.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kedge-deploy-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const deployer = (disk: Disk = nodeDisk) => releaseFolderDeployer({ disk, sha256, decompress: decompressZstd, root });

describe('stage', () => {
  test('unpacks files, folders and symlinks with the modes of a release', async () => {
    const { artifact, bytes } = app;
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
    const { artifact, bytes } = app;
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
    const { artifact, bytes } = app;
    await deployer().stage('1.0.0', artifact, bytes());
    await damage(deployer().folder('1.0.0'));
    await deployer().stage('1.0.0', artifact, bytes());
    expect(await readFile(`${root}/releases/1.0.0/bin/app`, 'utf8')).toBe('#!/bin/sh\n');
    expect((await lstat(`${root}/releases/1.0.0/web/index.html`)).mode & 0o7777).toBe(0o644);
    expect(await readdir(`${root}/releases/1.0.0`)).toEqual(['bin', 'web']);
  });

  test('leaves a damaged tree alone while it is live', async () => {
    const { artifact, bytes } = app;
    await deployer().stage('1.0.0', artifact, bytes());
    await deployer().switchTo('1.0.0');
    await writeFile(`${root}/releases/1.0.0/bin/app`, 'damaged');
    await expect(deployer().stage('1.0.0', artifact, bytes())).rejects.toThrow(/damaged and live/);
    expect(await readFile(`${root}/releases/1.0.0/bin/app`, 'utf8')).toBe('damaged');
  });

  test('refuses a tree that is not the one of the manifest', async () => {
    const { artifact, bytes } = app;
    const other = { ...artifact, tree_sha256: '0'.repeat(64) };
    await expect(deployer().stage('1.0.0', other, bytes())).rejects.toMatchObject({ name: 'TreeMismatch' });
    expect(await deployer().versions()).toEqual([]);
  });

  test('refuses an archive that is cut short', async () => {
    const { artifact, tar } = oneFile('x'.repeat(100_000));
    const cut = zstdCompressSync(tar.subarray(0, 50_000));
    await expect(deployer().stage('1.0.0', artifact, once(cut))).rejects.toMatchObject({ name: 'HostileArchive' });
    expect(await deployer().versions()).toEqual([]);
  });

  test('passes on what the source of the archive fails with', async () => {
    const { artifact, bytes } = oneFile(randomText(500_000));
    async function* failing() {
      for await (const chunk of bytes()) yield chunk.subarray(0, 1000);
      throw Object.assign(new Error('unplugged'), { code: 'EIO' });
    }
    await expect(deployer().stage('1.0.0', artifact, failing())).rejects.toMatchObject({ code: 'EIO' });
  });

  test('ends in the same state after an error at every single disk operation', async () => {
    const { artifact, bytes } = app;
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

describe('going live', () => {
  test('is one rename, and there is a live version at every moment', async () => {
    const { artifact, bytes } = app;
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
    const { artifact, bytes } = app;
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
    const { artifact, bytes } = app;
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
    const { artifact, bytes } = app;
    for (const version of ['1.0.0', '2.0.0']) await deployer().stage(version, artifact, bytes());
    await deployer().switchTo('2.0.0');
    await deployer().setPrevious('1.0.0');
    await expect(deployer().drop('2.0.0')).rejects.toThrow(/current points to it/);
    await expect(deployer().drop('1.0.0')).rejects.toThrow(/previous points to it/);
  });
});

const app = honest([
  { kind: 'folder', path: 'bin' },
  { kind: 'file', path: 'bin/app', content: '#!/bin/sh\n', executable: true },
  { kind: 'folder', path: 'web' },
  { kind: 'file', path: 'web/index.html', content: '<html>' },
  { kind: 'symlink', path: 'web/run', target: '../bin/app' },
]);

const oneFile = (content: string) => honest([{ kind: 'file', path: 'a', content }]);

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
