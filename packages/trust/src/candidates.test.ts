import { readdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readCandidates } from './candidates.ts';
import { openScene, type Scene } from './testing/device.ts';
import { type Listed, listRelease } from './testing/vendor.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

async function candidatesOf(listed: readonly Listed[], counter_above = 0, product = 'anchor') {
  scene.publish({ version: 2, listed: { stable: listed } });
  await scene.refresh();
  return look(counter_above, product);
}

async function look(counter_above = 0, product = 'anchor') {
  const { releases } = await scene.trusted();
  return readCandidates({ ...scene.options, releases, product, counter_above });
}

const countersOf = ({ candidates }: Awaited<ReturnType<typeof look>>) =>
  candidates.map(({ manifest }) => manifest.counter);

test('the candidates are the releases above a counter, newest first', async () => {
  const found = await candidatesOf([listRelease(2), listRelease(9), listRelease(3), listRelease(1)], 1);
  expect(countersOf(found)).toEqual([9, 3, 2]);
  expect(found.problems).toEqual([]);
  expect(found.candidates[0]?.manifest_sha256).toMatch(/^[0-9a-f]{64}$/);
});

test('no more than 20 manifests are fetched, the newest and the next, and those of another product never', async () => {
  const found = await candidatesOf(Array.from({ length: 25 }, (_, index) => listRelease(index + 1)));
  expect(countersOf(found)).toEqual([25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect(countersOf(await look(0, 'chain'))).toEqual([]);
});

test('a manifest is fetched once, and forgotten when it is no longer listed', async () => {
  await candidatesOf([listRelease(1), listRelease(2)]);
  scene.server.clear();
  expect(countersOf(await look())).toEqual([2, 1]);
  expect(scene.server.answers).toEqual([]);
  scene.publish({ version: 3, listed: { stable: [listRelease(2)] } });
  await scene.refresh();
  await look();
  expect(await readdir(`${scene.options.folder}/manifests`)).toHaveLength(1);
});

test('a torn manifest in the cache is fetched again', async () => {
  await candidatesOf([listRelease(1)]);
  for (const file of await readdir(`${scene.options.folder}/manifests`)) {
    await writeFile(`${scene.options.folder}/manifests/${file}`, '{');
  }
  expect(countersOf(await look())).toEqual([1]);
});

test('a manifest that is not the one that was signed is refused, and the other releases stay', async () => {
  scene.publish({ version: 2, listed: { stable: [listRelease(1), listRelease(2)] } });
  await scene.refresh();
  for (const [path, bytes] of scene.files) {
    if (path.endsWith('.1.2.0.json'))
      scene.files.set(
        path,
        bytes.map((byte, at) => (at === 9 ? byte + 1 : byte)),
      );
  }
  const found = await look();
  expect(countersOf(found)).toEqual([1]);
  expect(found.withheld).toEqual([expect.stringContaining('is not what was signed')]);
});

test.each([
  ['another version', { version: '7.0.0' }],
  ['another channel', { channel: 'beta' }],
  ['another product', { product: 'chain' }],
  ['a higher counter', { counter: 99 }],
])('a manifest that says it is of %s than its path is refused', async (_, change) => {
  const found = await candidatesOf([listRelease(1, change)]);
  expect(countersOf(found)).toEqual([]);
  expect(found.problems).toEqual([expect.stringContaining('says it is')]);
});

test('a manifest of a later format is a problem and no crash', async () => {
  const found = await candidatesOf([listRelease(2, { format: 'kedge-manifest/9' }), listRelease(1)]);
  expect(countersOf(found)).toEqual([1]);
  expect(found.problems).toEqual([expect.stringContaining('too old')]);
});

test('the next source is asked for what the first one lacks', async () => {
  scene.publish({ version: 2, listed: { stable: [listRelease(1)] } });
  await scene.refresh();
  const { releases } = await scene.trusted();
  const sources = [`${scene.server.url}/nothing-here`, scene.server.url];
  const found = await readCandidates({ ...scene.options, sources, releases, product: 'anchor', counter_above: 0 });
  expect(countersOf(found)).toEqual([1]);
});

test('a manifest whose version is not the one that is listed is refused', async () => {
  const found = await candidatesOf([{ ...listRelease(1), custom: { version: '7.0.0', counter: 1 } }]);
  expect(found).toMatchObject({ candidates: [], problems: [expect.stringContaining('says it is')] });
});

test('a release that is listed without a counter is a problem, and the others stay', async () => {
  scene.publish({ version: 2, listed: { stable: [{ ...listRelease(2), custom: {} }, listRelease(1)] } });
  await scene.refresh();
  expect(await scene.trusted()).toMatchObject({
    releases: [{ custom: { counter: 1 } }],
    problems: ['stable/anchor/1.2.0.json.version: is missing'],
  });
});
