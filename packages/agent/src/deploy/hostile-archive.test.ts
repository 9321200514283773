import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { Artifact } from '@kedge/core/manifest';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decompressZstd } from '../os/zstd.ts';
import { type HostileCase, hostileCases } from '../testing/hostile-archives.ts';
import { claimed, file, folder, type HonestRelease, honest, inPieces, tarOf } from '../testing/tar-writer.ts';
import { releaseFolderDeployer } from './release-folder.ts';

let around = '';
let root = '';
beforeEach(async () => {
  around = mkdtempSync(join(tmpdir(), 'kedge-hostile-'));
  root = join(around, 'device');
  mkdirSync(root);
  writeFileSync(join(around, 'x'), 'what a path that climbs would hit');
  await stage('1.0.0', good);
  await deployer().switchTo('1.0.0');
});
afterEach(() => rmSync(around, { recursive: true }));

const good = honest([
  { kind: 'folder', path: 'bin' },
  { kind: 'file', path: 'bin/app', content: '#!/bin/sh\n', executable: true },
]);

const deployer = () => releaseFolderDeployer({ disk: nodeDisk, sha256, decompress: decompressZstd, root });
const stage = (version: string, { artifact, bytes }: Pick<HonestRelease, 'artifact' | 'bytes'>) =>
  deployer().stage(version, artifact, bytes());
const hostile = (compressed: Uint8Array, claims: Partial<Artifact> = {}) => ({
  artifact: claimed(compressed, claims),
  bytes: () => inPieces(compressed),
});

/** All that is there, with modes, targets and digests, but for what is in `.staging`. */
function everything(path: string): readonly string[] {
  const { mode } = lstatSync(path);
  const said = `${path} ${mode.toString(8)}`;
  if ((mode & 0o170000) === 0o120000) return [`${said} ${readlinkSync(path)}`];
  if ((mode & 0o170000) !== 0o040000)
    return [`${said} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`];
  if (path.endsWith('/.staging')) return [said];
  return [
    said,
    ...readdirSync(path)
      .toSorted()
      .flatMap((name) => everything(join(path, name))),
  ];
}

test.for(hostileCases.map((one): [string, HostileCase] => [one.name, one]))(
  'an archive with %s is refused, and outside of the staging folder nothing is changed',
  async ([, { compressed, message, claims }]) => {
    const before = everything(around);
    const refusal = await stage('2.0.0', hostile(compressed, claims)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'HostileArchive', message: expect.stringMatching(message) });
    const said = refusal instanceof Error ? refusal.message : '';
    expect(said).toMatch(/^[\x20-\x7e\u00a0-\uffff]{20,600}; do not install this release$/);
    expect(everything(around)).toEqual(before);
    await deployer().drop('2.0.0');
    expect(readdirSync(`${root}/releases/.staging`)).toEqual([]);
  },
);

test('what is refused for its size is not written', async () => {
  const compressed = zstdCompressSync(tarOf(file('a', 'aa'), file('b', 'bb')));
  await expect(stage('2.0.0', hostile(compressed, { unpacked_bytes: 3 }))).rejects.toThrow(/past the 3 bytes/);
  expect(readdirSync(`${root}/releases/.staging/2.0.0`)).toEqual(['a']);
});

test.for(['a:b', 'nul', 'aux.txt', 'a.', 'a '])('"%s" is a name like any other where Windows is not', async (name) => {
  const content = 'x';
  await stage('2.0.0', honest([{ kind: 'file', path: name, content }]));
  expect(readFileSync(`${root}/releases/2.0.0/${name}`, 'utf8')).toBe(content);
});

test('a file may be empty, end at the end of a block, or hold what looks like the end of a tar', async () => {
  const contents = ['', 'x'.repeat(511), 'x'.repeat(512), '\0'.repeat(2048)];
  await stage('2.0.0', honest(contents.map((content, index) => ({ kind: 'file', path: `${index}`, content }))));
  for (const [index, content] of contents.entries()) {
    expect(readFileSync(`${root}/releases/2.0.0/${index}`, 'utf8')).toBe(content);
  }
});

test('a folder may be named with a slash at its end, as other tars do', async () => {
  const { artifact } = honest([{ kind: 'folder', path: 'a' }]);
  const compressed = zstdCompressSync(tarOf(folder('a/')));
  await stage('2.0.0', { artifact, bytes: () => inPieces(compressed) });
  expect(readdirSync(`${root}/releases/2.0.0`)).toEqual(['a']);
});

test('a symlink may go up to the tree itself and down again, and lead to another symlink', async () => {
  const links = { 'a/b/c': '../../a/x', 'a/b/up': '../..', l: 'a/b/up' };
  const release = honest([
    { kind: 'folder', path: 'a' },
    { kind: 'folder', path: 'a/b' },
    ...Object.entries(links).map(([path, target]) => ({ kind: 'symlink', path, target }) as const),
  ]);
  await stage('2.0.0', release);
  for (const [path, target] of Object.entries(links))
    expect(readlinkSync(`${root}/releases/2.0.0/${path}`)).toBe(target);
});
