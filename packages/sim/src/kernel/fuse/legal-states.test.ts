/**
 * An update on a disk that writes down what it is told; then a device on states that the disk may have been left in by a power
 * cut at any moment of it. `KEDGE_CRASH_STATES=500 KEDGE_SEED=7` looks at so many a kind, and at others.
 */

import { appendFileSync, copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { sentenceOf } from '@kedge/agent/failure';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPrng } from '../../prng.ts';
import { copyImage } from '../testing/ext4-image.ts';
import type { ImageDevice, Off } from '../testing/image-device.ts';
import { type KernelSuite, openKernelSuite } from '../testing/kernel-suite.ts';
import { freePort, kindNames, type Offer, writeConfig } from '../testing/scene.ts';
import { missingTools } from '../testing/tools.ts';
import { buildVictim, endApp, runVictim, type Work } from '../testing/victim.ts';
import { type CrashState, crashStates } from './crash-states.ts';
import type { DiskOperation } from './disk-log.ts';
import { logOfDisk } from './testing/logging-disk.ts';
import { missing } from './testing/missing.ts';
import { type Replay, replayOn } from './testing/replay.ts';

const states_per_kind = Number(process.env['KEDGE_CRASH_STATES'] ?? 25);
const seed = Number(process.env['KEDGE_SEED'] ?? 1);
const timeout = 120_000 + 3_000 * states_per_kind;
/** The mark of an update that has said that it is done: from then on the end must be what it said. */
const done = 'done\n';

/** A disk at its start, and what it was told from there on. */
type Told = { readonly from: Off; readonly log: readonly DiskOperation[] };

describe.skipIf(missing !== undefined)(`the crash states of ext4 (${missing ?? 'by FUSE'})`, { timeout }, () => {
  let suite: KernelSuite;
  let victim: string;
  const count = { states: 0, recovered: 0 };
  beforeAll(async () => {
    suite = await openKernelSuite();
    victim = await buildVictim(suite.scene.folder);
  }, timeout);
  afterAll(() => {
    suite.close();
    process.stdout.write(`FUSE: ${count.states} crash states of an ext4 disk, ${count.recovered} recovered\n`);
  });

  const scratchFolder = (): string => mkdtempSync(join(suite.scene.folder, 'scratch-'));
  const startOf = ({ start }: Offer): Off => suite.starts[start];

  /** Does the work and is not cut off. */
  async function tell(from: Off, offer: Offer, work: Work, before: readonly string[] = []): Promise<Told> {
    const scratch = scratchFolder();
    const [image, mounted] = [join(scratch, 'disk.img'), join(scratch, 'disk')];
    await copyImage(from.image, image);
    const log = await logOfDisk(image, mounted, async (mark) => {
      const config = {
        folder: join(mounted, 'device'),
        repository: offer.repository,
        port: await freePort(),
        witness: mark,
      };
      const { said } = await runVictim(victim, writeConfig(join(scratch, 'kedge.yaml'), config), work, before);
      await endApp(config.folder);
      expect(said).toContain('done');
      if (work === 'update') appendFileSync(mark, done);
    });
    return { from, log };
  }

  /** Makes the disk of that state, and the witness of what was promised by then. States come by their cuts. */
  async function createMaker({ from, log }: Told): Promise<(state: CrashState) => Promise<Off>> {
    const scratch = scratchFolder();
    const [durable, image, witness] = [join(scratch, 'durable.img'), join(scratch, 'disk.img'), join(scratch, 'jsonl')];
    await copyImage(from.image, durable);
    const replay: Replay = replayOn(durable, log);
    return async (state) => {
      await replay(state, image);
      copyFileSync(from.witness, witness);
      appendFileSync(
        witness,
        marksBefore(state, log)
          .filter((text) => text !== done)
          .join(''),
      );
      return { image, witness };
    };
  }

  /** Returns one line for each promise that was not kept in one of the states. */
  async function surviveEach(told: Told, offer: Offer, states: readonly CrashState[]): Promise<readonly string[]> {
    const makers = new Map<ImageDevice, Awaited<ReturnType<typeof createMaker>>>();
    const problems: string[] = [];
    await suite.forEach(states, async (device, state) => {
      const make = makers.get(device) ?? (await createMaker(told));
      makers.set(device, make);
      const left = await make(state);
      const legal = marksBefore(state, told.log).includes(done) ? offer.legal.slice(-1) : offer.legal;
      const survived = await device
        .survive(left, { ...offer, legal })
        .catch((error: unknown) => ({ problems: [`the agent does not start: ${sentenceOf(error)}`] }));
      problems.push(...survived.problems.map((problem) => `seed ${seed}, cut ${state.cut}, ${state.key}: ${problem}`));
    });
    return problems;
  }

  async function expectRecovered(told: Told, offer: Offer, states: readonly CrashState[]): Promise<void> {
    count.states += states.length;
    expect(await surviveEach(told, offer, states)).toEqual([]);
    count.recovered += states.length;
  }

  test.each(kindNames)('%s: on each the device recovers, and then installs the next good release', async (name) => {
    const offer = suite.scene.offers[name];
    const told = await tell(startOf(offer), offer, 'update');
    const states = crashStates(told.log, states_per_kind, createPrng(seed));
    expect(states.length).toBe(states_per_kind);
    await expectRecovered(told, offer, states);
  });

  test.each(['update with a migration', 'failing health check, back by backup'] as const)(
    '%s: so it does when the recovery is cut off as well',
    async (name) => {
      const offer = suite.scene.offers[name];
      const prng = createPrng(seed);
      const told = await tell(startOf(offer), offer, 'update');
      const make = await createMaker(told);
      // Late ones: early in an update there is little to recover from.
      for (const state of crashStates(told.log, 12, prng).filter((_, nth) => nth > 5 && nth % 2 === 0)) {
        const again = await tell(await make(state), offer, 'recover');
        await expectRecovered(again, offer, crashStates(again.log, Math.ceil(states_per_kind / 5), prng));
      }
    },
  );

  test.skipIf(missingTools('eatmydata') !== undefined)(
    'with fsync turned into nothing (needs eatmydata) promises are broken, and it is seen',
    async () => {
      const offer = suite.scene.offers['update with a migration'];
      const { from, log } = await tell(startOf(offer), offer, 'update', ['eatmydata']);
      expect(await surviveEach({ from, log }, offer, crashStates(log, 0, createPrng(seed)))).not.toEqual([]);
    },
  );
});

function marksBefore({ cut }: CrashState, log: readonly DiskOperation[]): readonly string[] {
  return log.slice(0, cut).flatMap((each) => (each.kind === 'mark' ? [each.text] : []));
}
