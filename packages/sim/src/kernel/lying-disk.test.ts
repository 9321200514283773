/**
 * A disk that says of each fsync of the agent that it is done, and keeps nothing: no software can be safe on it. What can
 * be asked for is that the loss is noticed at the start, and that no half release is served in silence. The app's own
 * fsync is honest here, which is the worst that can be: by it the names become durable that the agent has given to files
 * without content.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KernelSuite, oneIn, openKernelSuite } from './testing/kernel-suite.ts';
import type { KindName } from './testing/scene.ts';
import { describeSite, type Fault, lyingOfSync } from './testing/strace.ts';
import type { Survived } from './testing/survivor.ts';
import { missingTools } from './testing/tools.ts';

const missing = missingTools('strace', 'mkfs.ext4', 'mount', 'unshare');
const title = `a disk that lies about fsync (${missing ?? 'by strace'})`;

describe.skipIf(missing !== undefined)(title, { timeout: 600_000 }, () => {
  let suite: KernelSuite;
  beforeAll(async () => {
    suite = await openKernelSuite();
  }, 120_000);
  afterAll(() => suite.close());

  /** What is left where the power goes at a call, or else once all is done. */
  async function cutOff(name: KindName, cuts: readonly (Fault | undefined)[]): Promise<readonly Survived[]> {
    const offer = suite.scene.offers[name];
    const left: Survived[] = [];
    await suite.forEach(cuts, async (device, cut) => {
      const tracer = lyingOfSync(cut);
      const ran = await device.runUntilCut(suite.starts[offer.start], offer.repository, 'update', tracer);
      if (cut) expect([137, 0]).toContain(ran.code);
      else expect(ran.said).toContain('done');
      const survived = await device.survive(ran.left, offer);
      const where = cut ? `${describeSite(cut.site)}: ` : '';
      left.push({ ...survived, problems: survived.problems.map((problem) => `${where}${problem}`) });
    });
    return left;
  }

  test('and loses its power after a first install: the release is lost, and is installed anew', async () => {
    expect(await cutOff('first install', [undefined])).toEqual([
      { live: undefined, noticed: expect.arrayContaining(['journal_damaged', 'installed_damaged']), problems: [] },
    ]);
  });

  test('and loses its power after an update: the update is lost, the release before runs with every row', async () => {
    expect(await cutOff('update with a migration', [undefined])).toEqual([
      { live: '1.0.0', noticed: expect.arrayContaining(['journal_damaged', 'installed_damaged']), problems: [] },
    ]);
  });

  test('and loses its power in an update: the release before runs with every row', async () => {
    const name = 'update with a migration';
    const { starts, scene } = suite;
    const sites = (await suite.sitesOf(starts.installed, scene.offers[name], 'update')).filter(
      ({ call }) => call === 'rename',
    );
    const cuts = oneIn(3, sites).map((site) => ({ site, effect: 'signal=SIGKILL', lasts: false }));
    const left = await cutOff(name, cuts);
    expect(left.flatMap(({ problems }) => problems)).toEqual([]);
    expect(left.filter(({ noticed }) => noticed.includes('journal_damaged')).length).toBeGreaterThan(2);
  });

  test('and loses its power after a going back by down script: that may be lost, and no row is', async () => {
    const [left] = await cutOff('failing health check, back by down script', [undefined]);
    expect(left).toMatchObject({ live: '1.0.0', noticed: ['journal_damaged'] });
    const undone = '1.0.0 is live on data with the migrations 0001_notes 0002_stars';
    expect([[], [undone]]).toContainEqual(left?.problems);
  });

  test('and loses its power after a going back by backup: the data is lost', async () => {
    expect(await cutOff('failing health check, back by backup', [undefined])).toEqual([
      {
        live: '1.0.0',
        noticed: ['journal_damaged'],
        problems: ['the app of 1.0.0 does not answer', expect.stringContaining('is lost, and no report says so')],
      },
    ]);
  });
});
