import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { InvalidInput } from '@kedge/core/parse';
import type { Disk } from '@kedge/core/ports';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { build } from './build.ts';
import { releaseFile, writeTree } from './testing/workshop.ts';

const ports = { disk: nodeDisk, sha256 };
const tree = {
  'bin/anchor': '#!/bin/sh\n',
  'lib-a': 'sorts between lib and lib/a',
  'lib/a/deep.txt': 'deep',
  'lib/ü.txt': 'not ASCII',
  [`lib/${'long'.repeat(40)}.txt`]: 'too long for a plain tar header',
  'migrations/0001_init.up.sql': 'CREATE TABLE a (id INTEGER);',
  'migrations/0002_more.up.sql': 'CREATE TABLE b (id INTEGER);',
  'migrations/0002_more.down.sql': 'DROP TABLE b;',
  'migrations/0002_more.check.sql': 'SELECT 1 WHERE 0;',
};
const withMigrations = { migrations: { database: 'app.db', folder: 'migrations' } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kedge-build-'));
  await writeTree(`${folder}/tree`, tree);
  await symlink('../bin/anchor', `${folder}/tree/lib/link`);
});
afterEach(() => rm(folder, { recursive: true }));

async function buildWith(change: { readonly [field: string]: unknown }, output = 'output', at = folder) {
  await writeFile(`${at}/release.json`, JSON.stringify({ ...releaseFile(1), platforms: { any: 'tree' }, ...change }));
  return build(ports, `${at}/release.json`, `${at}/${output}`);
}

async function bytesOf(output: string): Promise<readonly [string, string][]> {
  const files = ['manifest.json', ...(await readdir(`${output}/artifacts`)).map((file) => `artifacts/${file}`)];
  return Promise.all(files.map(async (file) => [file, (await readFile(`${output}/${file}`)).toString('hex')]));
}

describe('a build', () => {
  test('gives the same bytes for the same tree, whatever its times, modes and order', async () => {
    await buildWith(withMigrations);
    const other = `${folder}/elsewhere`;
    await mkdir(other);
    for (const path of Object.keys(tree).toReversed()) {
      await cp(`${folder}/tree/${path}`, `${other}/tree/${path}`, { recursive: true });
      await utimes(`${other}/tree/${path}`, 1e9, 1e9);
      await chmod(`${other}/tree/${path}`, path.startsWith('bin/') ? 0o711 : 0o600);
    }
    await symlink('../bin/anchor', `${other}/tree/lib/link`);
    await chmod(`${other}/tree/lib`, 0o700);
    await buildWith(withMigrations, 'output', other);
    expect(await bytesOf(`${other}/output`)).toEqual(await bytesOf(`${folder}/output`));
  });

  test('measures what the archive holds: sorted entries, no owner, no time, two modes', async () => {
    const { artifacts } = await buildWith(withMigrations);
    const [artifact] = artifacts;
    const archive = await readFile(`${folder}/output/artifacts/${artifact?.sha256}.tar.zst`);
    expect(artifact?.length_bytes).toBe(archive.length);
    const reader = extract();
    Readable.from([archive])
      .pipe(createZstdDecompress())
      .on('data', (chunk) => reader.write(chunk))
      .on('end', () => reader.end(undefined));
    const names: string[] = [];
    let unpacked_bytes = 0;
    for await (const entry of reader) {
      const { name, mode, uid, gid, uname, gname, mtime, size, type } = entry.header;
      names.push(name.replace(/\/$/, ''));
      unpacked_bytes += size;
      expect({ uid, gid, uname, gname, time_ms: mtime.getTime() }).toEqual({
        uid: 0,
        gid: 0,
        uname: '',
        gname: '',
        time_ms: 0,
      });
      if (type !== 'symlink') expect(mode).toBe(type === 'directory' || name === 'bin/anchor' ? 0o755 : 0o644);
      entry.resume();
    }
    expect(names).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect(names).toContain('lib/link');
    expect(artifact).toMatchObject({ entry_count: names.length, unpacked_bytes });
  });

  test('lists the migrations of the tree, with a digest over their scripts', async () => {
    const { migrations } = await buildWith(withMigrations);
    const hash = sha256();
    hash.update(new TextEncoder().encode('CREATE TABLE b (id INTEGER);\0DROP TABLE b;\0SELECT 1 WHERE 0;\0'));
    expect(migrations).toEqual([
      expect.objectContaining({ kind: 'sql', id: '0001_init', database: 'app.db', up: 'migrations/0001_init.up.sql' }),
      {
        kind: 'sql',
        id: '0002_more',
        database: 'app.db',
        up: 'migrations/0002_more.up.sql',
        down: 'migrations/0002_more.down.sql',
        precheck: 'migrations/0002_more.check.sql',
        sha256: hash.hex(),
      },
    ]);
  });

  test('of several platforms has an artifact of each, and the same migrations in all', async () => {
    await cp(`${folder}/tree`, `${folder}/arm`, { recursive: true, verbatimSymlinks: true });
    await writeFile(`${folder}/arm/bin/anchor`, 'arm');
    const platforms = { 'linux-x64': 'tree', 'linux-arm64': 'arm' };
    const { artifacts } = await buildWith({ platforms, ...withMigrations });
    expect(artifacts.map(({ platform }) => platform)).toEqual(['linux-arm64', 'linux-x64']);
    expect(await readdir(`${folder}/output/artifacts`)).toHaveLength(2);
    await writeFile(`${folder}/arm/migrations/0002_more.up.sql`, 'CREATE TABLE c (id INTEGER);');
    await expect(buildWith({ platforms, ...withMigrations })).rejects.toThrow('must all hold the same migrations');
  });

  test('in a checkout takes the commit and its time', async () => {
    const git = (...args: readonly string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
        env: { ...process.env, GIT_COMMITTER_DATE: '2026-02-03T04:05:06Z' },
      });
    git('init', '--quiet');
    git('commit', '--quiet', '--allow-empty', '--message', 'a release');
    const built = await buildWith({ git_commit: undefined, released_at: undefined });
    expect(built.git_commit).toBe(git('rev-parse', 'HEAD').toString().trim());
    expect(built.released_at).toBe('2026-02-03T04:05:06Z');
    expect((await buildWith({ git_commit: null })).git_commit).toBeNull();
  });

  test('on a disk that gets full, or from one that cannot be read, ends with that very error', async () => {
    await writeFile(`${folder}/tree/blob`, randomBytes(8_000_000));
    const full: Disk = {
      ...nodeDisk,
      async open(path, how, mode) {
        const file = await nodeDisk.open(path, how, mode);
        return { ...file, write: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) };
      },
    };
    await buildWith({});
    const again = (disk: Disk) => build({ disk, sha256 }, `${folder}/release.json`, `${folder}/other`);
    await expect(again(full)).rejects.toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    async function* breaks(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      throw Object.assign(new Error('broken'), { code: 'EIO' });
    }
    let reads = 0;
    const broken: Disk = {
      ...nodeDisk,
      // The first reading is that of the digests.
      stream: (path) => (path.endsWith('/blob') && ++reads > 1 ? breaks() : nodeDisk.stream(path)),
    };
    await expect(again(broken)).rejects.toThrow(expect.objectContaining({ code: 'EIO' }));
  });

  test.each([
    ['as long as before', 'an anchor\n'],
    ['longer', 'a heavy anchor\n'],
    ['shorter', ''],
  ])('of a file that changes meanwhile, and is then %s, is refused', async (_, content) => {
    await writeFile(`${folder}/tree/blob`, 'an Anchor\n');
    let reads = 0;
    const changing: Disk = {
      ...nodeDisk,
      stream: (path) =>
        path.endsWith('/blob') && ++reads > 1 ? Readable.from([Buffer.from(content)]) : nodeDisk.stream(path),
    };
    await buildWith({});
    await expect(build({ disk: changing, sha256 }, `${folder}/release.json`, `${folder}/other`)).rejects.toThrow(
      'tree/blob: changed while the release was built; build it again',
    );
  });

  test('outside of a checkout needs the time to be written down', async () => {
    await expect(buildWith({ released_at: undefined })).rejects.toThrow('released_at: is missing');
  });
});

describe('a build refuses', () => {
  test.each<[string, { readonly [field: string]: unknown }, string]>([
    ['a field that is not known', { chanel: 'stable' }, 'did you mean "channel"?'],
    ['a field of the manifest that is wrong', { run: { command: [] } }, 'run.command'],
    ['a version of another channel', { version: '1.0.0-beta.1' }, 'channel'],
    ['a folder that is not there', { platforms: { any: 'dist' } }, 'is not a folder'],
    ['a platform that is none', { platforms: { Linux: 'tree' } }, 'platforms.Linux'],
  ])('%s', async (_, change, message) => {
    await expect(buildWith(change)).rejects.toThrow(message);
  });

  test.each<[string, readonly string[], RegExp]>([
    [
      'names that differ in case alone',
      ['lib/read', 'lib/READ'],
      /"lib\/read" has the same name as "lib\/READ" on some/,
    ],
    ['a path that no device takes', [`${'deep/'.repeat(205)}er`], /is over 1024 bytes long; rename it/],
    ['a control character in a name', ['lib/a\u001b'], /control character/],
    ['a name that Windows takes for another one', ['lib/a:b'], /"a:b", which Windows/],
  ])('%s: no device would install it', async (_, paths, line) => {
    await writeTree(`${folder}/tree`, Object.fromEntries(paths.map((path) => [path, ''])));
    await expect(buildWith({})).rejects.toThrow(line);
    await expect(buildWith({})).rejects.toThrow(InvalidInput);
  });

  test.each(['/etc/passwd', '../../outside', 'a/../../b'])('a symlink to %s', async (target) => {
    await symlink(target, `${folder}/tree/lib/bad`);
    await expect(buildWith({})).rejects.toThrow(InvalidInput);
  });

  test('a socket, an empty tree and a migration without a way up', async () => {
    execFileSync('mkfifo', [`${folder}/tree/pipe`]);
    await expect(buildWith({})).rejects.toThrow('is not a file, folder or symlink');
    await rm(`${folder}/tree/pipe`);
    await mkdir(`${folder}/empty`);
    await expect(buildWith({ platforms: { any: 'empty' } })).rejects.toThrow('is empty');
    await rm(`${folder}/tree/migrations/0002_more.up.sql`);
    await expect(buildWith(withMigrations)).rejects.toThrow('0002_more.up.sql: is missing');
    await writeFile(`${folder}/tree/migrations/2.sql`, '');
    await expect(buildWith(withMigrations)).rejects.toThrow('must be named like');
  });
});
