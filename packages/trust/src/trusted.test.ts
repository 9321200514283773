import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openScene, revocations, type Scene } from './testing/device.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

const list = () => join(scene.options.folder, 'revocations.json');

test.each([
  ['an older one', (older: Buffer) => writeFile(list(), older)],
  ['half of one', (older: Buffer) => writeFile(list(), older.subarray(0, 20))],
  ['gone', () => rm(list())],
])('a list of revoked releases that is %s by now does not count, and that is told', async (_, damage) => {
  scene.publish({ version: 2, revocations: revocations(2) });
  await scene.refresh();
  const older = await readFile(list());
  scene.publish({ version: 3, revocations: revocations(7) });
  await scene.refresh();
  expect(await scene.trusted()).toMatchObject({ revocations: { sequence: 7 }, problems: [] });
  await damage(older);
  const { revocations: found, problems } = await scene.trusted();
  expect(found).toBeNull();
  expect(problems.join()).toMatch(/the list of revoked releases is missing: it had sequence 7/);
  await scene.refresh();
  expect(await scene.trusted()).toMatchObject({ revocations: { sequence: 7 }, problems: [] });
});
