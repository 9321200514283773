/**
 * The power is cut at every fsync and every rename of an update: real processes on a real kernel, on an ext4 disk that
 * loses what was not synced.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepOff, type Off } from './testing/image-device.ts';
import { type KernelSuite, oneIn, openKernelSuite } from './testing/kernel-suite.ts';
import type { KindName, Offer } from './testing/scene.ts';
import { type CallSite, describeSite, type Fault, injecting } from './testing/strace.ts';
import { missingTools } from './testing/tools.ts';
import type { Work } from './testing/victim.ts';

const missing = missingTools('strace', 'mkfs.ext4', 'mount', 'unshare', 'eatmydata');
const title = `power cuts on ext4 (${missing ?? 'by strace'})`;

describe.skipIf(missing !== undefined)(title, { timeout: 900_000 }, () => {
  let suite: KernelSuite;
  const count = { cuts: 0, recovered: 0 };
  beforeAll(async () => {
    suite = await openKernelSuite();
  }, 120_000);
  afterAll(() => {
    suite.close();
    process.stdout.write(`strace: ${count.cuts} cuts at fsync and rename, ${count.recovered} recovered\n`);
  });

  const startOf = ({ start }: Offer) => suite.starts[start];
  const killAt = (site: CallSite): Fault => ({ site, effect: 'signal=SIGKILL', lasts: false });

  async function cutSites(from: Off, offer: Offer, work: Work): Promise<readonly CallSite[]> {
    return (await suite.sitesOf(from, offer, work)).filter(({ call }) => call === 'fsync' || call === 'rename');
  }

  /** @param cuts_min so many; those of all tests together are 200 */
  async function expectRecovered(
    sites: readonly CallSite[],
    from: Off,
    offer: Offer,
    work: Work,
    cuts_min: number,
  ): Promise<void> {
    const problems: string[] = [];
    let cuts = 0;
    await suite.forEach(sites, async (device, site) => {
      const { code, left } = await device.runUntilCut(
        from,
        offer.repository,
        work,
        injecting(killAt(site), device.root),
      );
      // The last calls of a run are not made in each one: it depends on who is faster, the agent or the app.
      if (code !== 137) return;
      cuts += 1;
      const survived = await device.survive(left, offer);
      for (const problem of survived.problems) problems.push(`${describeSite(site)}: ${problem}`);
      if (survived.problems.length === 0) count.recovered += 1;
    });
    count.cuts += cuts;
    expect(problems).toEqual([]);
    expect(cuts).toBeGreaterThanOrEqual(cuts_min);
  }

  test('at every fsync and rename of an update with a migration', async () => {
    const offer = suite.scene.offers['update with a migration'];
    const sites = await cutSites(startOf(offer), offer, 'update');
    expect([...new Set(sites.map(({ state }) => state))]).toHaveLength(11);
    await expectRecovered(sites, startOf(offer), offer, 'update', 90);
  });

  test.each<KindName>([
    'first install',
    'failing health check, back by down script',
    'failing health check, back by backup',
  ])('at every third fsync and rename of: %s', async (name) => {
    const offer = suite.scene.offers[name];
    const sites = oneIn(3, await cutSites(startOf(offer), offer, 'update'));
    await expectRecovered(sites, startOf(offer), offer, 'update', 30);
  });

  test.each<readonly [KindName, string]>([
    ['update with a migration', 'SWITCHED'],
    ['update with a migration', 'VALIDATED'],
    ['failing health check, back by backup', 'ROLLING_BACK'],
  ])('at every second fsync and rename of the recovery from a cut: %s, cut in %s', async (name, state) => {
    const offer = suite.scene.offers[name];
    const first = (await cutSites(startOf(offer), offer, 'update')).filter((site) => site.state === state).slice(0, 1);
    let once = startOf(offer);
    await suite.forEach(first, async (device, site) => {
      const tracer = injecting(killAt(site), device.root);
      const { left } = await device.runUntilCut(startOf(offer), offer.repository, 'update', tracer);
      once = keepOff(left, suite.scene.folder, `${name} in ${state}`);
    });
    const sites = oneIn(2, await cutSites(once, offer, 'recover'));
    await expectRecovered(sites, once, offer, 'recover', 7);
  });

  test('a mutation in which no fsync of the agent does anything is seen', async () => {
    const offer = suite.scene.offers['failing health check, back by backup'];
    const problems: string[] = [];
    await suite.forEach([offer], async (device) => {
      const { said, left } = await device.runUntilCut(startOf(offer), offer.repository, 'update', ['eatmydata']);
      expect(said).toContain('done');
      problems.push(...(await device.survive(left, offer)).problems);
    });
    expect(problems).not.toEqual([]);
  });

  test('a call at which the power is cut has had no effect', () => {
    const [before, after] = [join(suite.scene.folder, 'before'), join(suite.scene.folder, 'after')];
    writeFileSync(before, '');
    const rename = { call: 'rename', nth: 1, path: undefined, state: 'none' };
    const [program = '', ...args] = injecting(killAt(rename), suite.scene.folder);
    const code = `require('node:fs').renameSync('${before}', '${after}')`;
    expect(spawnSync(program, [...args, process.execPath, '-e', code]).signal).toBe('SIGKILL');
    expect([existsSync(before), existsSync(after)]).toEqual([true, false]);
  });
});
