/**
 * The power of a whole machine goes: a kernel of its own, in user mode, with the agent, the app and the disk's cache in it, is
 * killed at a moment of an update, and what its disk has by then is all that is left. `KEDGE_SEED=7` chooses other moments.
 */

import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { sentenceOf } from '@kedge/agent/failure';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrng, type Prng } from '../../prng.ts';
import type { ImageDevice, Off } from '../testing/image-device.ts';
import { type KernelSuite, openKernelSuite } from '../testing/kernel-suite.ts';
import { freePort, type KindName, type Offer, writeConfig } from '../testing/scene.ts';
import { missingTools } from '../testing/tools.ts';
import { buildVictim, type Work } from '../testing/victim.ts';
import { type Cut, runUntilCut } from './testing/user-mode-kernel.ts';

const seed = Number(process.env['KEDGE_SEED'] ?? 1);
const timeout = 240_000;
const missing = missingTools('linux.uml', 'mkfs.ext4', 'mount', 'ip');
const never: Cut = { lines: Infinity, later_ms: 0 };

describe.skipIf(missing !== undefined)(`a whole kernel loses its power (${missing ?? 'by UML'})`, { timeout }, () => {
  let suite: KernelSuite;
  let victim: string;
  const count = { cuts: 0, recovered: 0 };
  beforeAll(async () => {
    suite = await openKernelSuite();
    victim = await buildVictim(suite.scene.folder);
  }, timeout);
  afterAll(() => {
    suite.close();
    process.stdout.write(`UML: ${count.cuts} cuts of a whole kernel, ${count.recovered} recovered\n`);
  });

  type Machine = Off & {
    /** Starts its kernel and cuts its power. What was said on the console stays known. */
    run(work: Work, cut: Cut, environment?: { readonly [name: string]: string }): Promise<readonly string[]>;
  };

  async function machineFor({ start, repository }: Offer): Promise<Machine> {
    const scratch = mkdtempSync(join(suite.scene.folder, 'machine-'));
    const [image, witness, mounted] = [
      join(scratch, 'disk.img'),
      join(scratch, 'witness.jsonl'),
      join(scratch, 'disk'),
    ];
    copyFileSync(suite.starts[start].image, image);
    copyFileSync(suite.starts[start].witness, witness);
    mkdirSync(mounted);
    const config = { folder: join(mounted, 'device'), repository, port: await freePort(), witness: '/dev/console' };
    const config_path = writeConfig(join(scratch, 'kedge.yaml'), config);
    return {
      image,
      witness,
      async run(work, cut, environment = {}) {
        const said = await runUntilCut({ image, mounted, scratch, victim, config_path, work, environment }, cut);
        // The last line may be a part of one.
        for (const line of said) if (/^\{.*\}$/.test(line)) appendFileSync(witness, `${line}\n`);
        return said;
      },
    };
  }

  /** Of one that has said that it is updated, it must be true. */
  async function problemsOf(device: ImageDevice, machine: Machine, offer: Offer, said: readonly string[]) {
    const legal = said.some((line) => line.startsWith('report updated')) ? offer.legal.slice(-1) : offer.legal;
    const { problems } = await device
      .survive(machine, { ...offer, legal })
      .catch((error: unknown) => ({ problems: [`the agent does not start: ${sentenceOf(error)}`] }));
    return problems.map((problem) => `${said.join('; ')}: ${problem}`);
  }

  type Plan = { readonly update: Cut; readonly recovery?: Cut };

  /** Returns one line for each promise that was not kept. */
  async function cutAt(plans: readonly Plan[], offer: Offer): Promise<readonly string[]> {
    const problems: string[] = [];
    await suite.forEach(plans, async (device, { update, recovery }) => {
      const machine = await machineFor(offer);
      const said = [...(await machine.run('update', update))];
      if (recovery) said.push('and again', ...(await machine.run('recover', recovery)));
      problems.push(...(await problemsOf(device, machine, offer, said)));
    });
    return problems;
  }

  test.each<[KindName, number]>([
    ['update with a migration', 8],
    ['failing health check, back by backup', 4],
  ])('%s: cut at %i moments, it recovers and then installs the next good release', async (name, moments) => {
    const offer = suite.scene.offers[name];
    const prng = createPrng(seed);
    const whole = await (await machineFor(offer)).run('update', never);
    expect(whole).toEqual(expect.arrayContaining(['done', 'over']));
    const plans = Array.from({ length: moments }, (_, nth): Plan => {
      const update = chosenCut(1 + Math.floor(((nth + prng.fraction()) * whole.length) / moments), prng);
      // Every third is cut off in its recovery as well.
      return nth % 3 === 0 ? { update, recovery: chosenCut(1 + prng.below(4), prng) } : { update };
    });
    const cuts = plans.length + plans.filter(({ recovery }) => recovery).length;
    count.cuts += cuts;
    expect(await cutAt(plans, offer)).toEqual([]);
    count.recovered += cuts;
  });

  test.skipIf(missingTools('eatmydata') !== undefined)(
    'with fsync turned into nothing (needs eatmydata) promises are broken, and it is seen',
    async () => {
      const offer = suite.scene.offers['update with a migration'];
      const machine = await machineFor(offer);
      const said = await machine.run('update', never, { LD_PRELOAD: 'libeatmydata.so' });
      expect(said).toContain('done');
      await suite.forEach([machine], async (device) => {
        expect(await problemsOf(device, machine, offer, said)).not.toEqual([]);
      });
    },
  );
});

/** Half of them at once, half up to a tenth of a second later. */
function chosenCut(lines: number, prng: Prng): Cut {
  return { lines, later_ms: prng.below(2) * prng.below(100) };
}
