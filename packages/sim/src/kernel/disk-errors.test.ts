/** A real disk that fails at a chosen system call: the agent says so, the app goes on, and when it is over all is well. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KernelSuite, oneIn, openKernelSuite } from './testing/kernel-suite.ts';
import type { KindName } from './testing/scene.ts';
import { type CallSite, describeSite, type Fault, injecting } from './testing/strace.ts';
import { missingTools } from './testing/tools.ts';

const missing = missingTools('strace', 'mkfs.ext4', 'mount', 'unshare');

/** It got through all the same, or went back as it had to anyway, or names the error. */
const told = /^report (?:updated|rolled_back)|^(?:report|threw) .*(?:EIO|ENOSPC|I\/O error)/;

describe.skipIf(missing !== undefined)(`a disk that fails (${missing ?? 'by strace'})`, { timeout: 300_000 }, () => {
  let suite: KernelSuite;
  const count = { faults: 0, recovered: 0 };
  beforeAll(async () => {
    suite = await openKernelSuite();
  }, 120_000);
  afterAll(() => {
    suite.close();
    process.stdout.write(`strace: ${count.faults} disk errors, ${count.recovered} recovered\n`);
  });

  /** Returns where the agent ends without a word, or the device does not get well again. */
  async function failAt(
    name: KindName,
    sites: readonly CallSite[],
    how: Pick<Fault, 'effect' | 'lasts'>,
  ): Promise<readonly string[]> {
    const offer = suite.scene.offers[name];
    const problems: string[] = [];
    await suite.forEach(sites, async (device, site) => {
      const tracer = injecting({ site, ...how }, device.root);
      const { code, said, survived } = await device.runThenGoOn(suite.starts[offer.start], offer, tracer);
      const isTold = (code === 0 || code === 1) && said.some((line) => told.test(line));
      const found = [...(isTold ? [] : [`ended with ${code}: ${said.join('; ')}`]), ...survived.problems];
      problems.push(...found.map((problem) => `${describeSite(site)}: ${problem}`));
      count.faults += 1;
      if (found.length === 0) count.recovered += 1;
    });
    return problems;
  }

  async function sitesOf(name: KindName, call: string): Promise<readonly CallSite[]> {
    const offer = suite.scene.offers[name];
    return (await suite.sitesOf(suite.starts[offer.start], offer, 'update')).filter((site) => site.call === call);
  }

  test.each<readonly [KindName, string, number]>([
    ['update with a migration', 'rename', 2],
    ['update with a migration', 'fsync', 5],
    ['failing health check, back by backup', 'rename', 4],
    ['failing health check, back by down script', 'fsync', 8],
  ])('once, in %s: a %s, one in %i', async (name, call, each) => {
    const sites = oneIn(each, await sitesOf(name, call));
    expect(sites.length).toBeGreaterThan(5);
    expect(await failAt(name, sites, { effect: 'error=EIO', lasts: false })).toEqual([]);
  });

  test('at a rename and from then on, until it is repaired', async () => {
    const name = 'update with a migration';
    const sites = oneIn(6, await sitesOf(name, 'rename'));
    expect(await failAt(name, sites, { effect: 'error=EIO', lasts: true })).toEqual([]);
  });

  test('because it is full when a file is to be written, until there is room again', async () => {
    const name = 'update with a migration';
    // A backup has another path in each run.
    const sites = (await sitesOf(name, 'write')).filter(
      ({ nth, path }) => nth === 1 && !path?.startsWith('device/backups/'),
    );
    expect(sites.length).toBeGreaterThan(10);
    expect(await failAt(name, sites, { effect: 'error=ENOSPC', lasts: true })).toEqual([]);
  });
});
