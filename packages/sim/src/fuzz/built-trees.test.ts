import { unpack } from '@kedge/agent/deploy/unpack';
import { decompressZstd } from '@kedge/agent/os/zstd';
import { artifactPath } from '@kedge/core/manifest';
import { InvalidInput } from '@kedge/core/parse';
import { build } from '@kedge/publish/build';
import { sha256 } from '@kedge/trust/os/sha256';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryDisk } from './memory-disk.ts';
import { encode } from './target.ts';

const release = {
  format: 'kedge-release/1',
  released_at: '2026-01-20T08:00:00Z',
  git_commit: null,
  product: 'tiny',
  version: '1.0.0',
  channel: 'stable',
  counter: 1,
  severity: 'minor',
  run: { command: ['app'] },
};

/** Names that are close to what is refused, and to each other. */
const part = fc.oneof(
  fc.constantFrom(
    'a',
    'A',
    'a-b',
    'é',
    'e\u0301',
    'ß',
    'SS',
    'nul',
    'a.',
    'a:b',
    'a\\b',
    'b\n',
    'x'.repeat(99),
    'ü'.repeat(128),
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter((name) => !/[/\0]|^\.{1,2}$/.test(name)),
);
const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const target = fc.oneof(
  path,
  path.map((inner) => `../${inner}`),
  fc.constantFrom('..', '/etc', '../..', ''),
);
const tree = fc
  .record({
    platform: fc.constantFrom('any', 'linux-x64'),
    files: fc.dictionary(path, fc.string({ maxLength: 700 }), { minKeys: 1, maxKeys: 4 }),
    links: fc.dictionary(path, target, { maxKeys: 1 }),
  })
  .filter(({ files, links }) => {
    const paths = [...Object.keys(files), ...Object.keys(links)];
    return paths.every((one) => !paths.some((other) => other.startsWith(`${one}/`)));
  });

test('whatever is built is unpacked as it was, or is refused by the build already', async () => {
  const seen = { unpacked: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(tree, async ({ platform, files, links }) => {
      const description = encode(JSON.stringify({ ...release, platforms: { [platform]: 'tree' } }));
      const named = Object.entries(files).map(([name, content]): [string, Uint8Array] => [
        `/s/tree/${name}`,
        encode(content),
      ]);
      const { disk } = memoryDisk({ '/s/release.json': description, ...Object.fromEntries(named) });
      for (const [name, to] of Object.entries(links)) await disk.symlink(to, `/s/tree/${name}`);
      const built = await build({ disk, sha256 }, '/s/release.json', '/s/out').catch((error: unknown) => {
        if (error instanceof InvalidInput) return undefined;
        throw error;
      });
      seen[built ? 'unpacked' : 'refused'] += 1;
      const artifact = built?.artifacts[0];
      if (!artifact) return;
      const archive = disk.stream(`/s/out/${artifactPath(artifact.sha256)}`);
      await unpack({ disk, sha256 }, decompressZstd(archive), artifact, '/unpacked');
      for (const [name, content] of named) {
        const unpacked = await disk.read(name.replace('/s/tree', '/unpacked'), 10_000);
        if ((await disk.stat(name))?.kind === 'file') expect(unpacked).toEqual(content);
      }
    }),
    { numRuns: 80, seed: 1 },
  );
  expect(seen.unpacked).toBeGreaterThan(10);
  expect(seen.refused).toBeGreaterThan(10);
}, 60_000);
