/** A device on an ext4 image: work is done on a copy of how it began, then the power goes. */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyImage, makeImage, mounted } from './ext4-image.ts';
import { type DeviceConfig, freePort, type Offer, type Scene, writeConfig } from './scene.ts';
import { type Survived, survive } from './survivor.ts';
import { endApp, poweredTogether, type Ran, runVictim, type Work } from './victim.ts';

/** A device that is off: its disk, and what the users of its app were promised. */
export type Off = { readonly image: string; readonly witness: string };

export type ImageDevice = {
  /** The mount point. */
  readonly root: string;
  /** Does the work on a copy until it ends or is killed, then cuts the power. The next run overwrites what is left. */
  runUntilCut(from: Off, repository: string, work: Work, before?: readonly string[]): Promise<Ran & { left: Off }>;
  /** Looks for the update on a copy; the device then stays on, with all processes that are left. */
  runThenGoOn(from: Off, offer: Offer, before: readonly string[]): Promise<Ran & { survived: Survived }>;
  survive(from: Off, offer: Offer): Promise<Survived>;
  close(): void;
};

export async function imageDevice(victim: string): Promise<ImageDevice> {
  // In memory where there is such a place: the images are synced all the time.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kedge-image-'));
  const inFolder = (name: string) => join(folder, name);
  const named = (name: string): Off => ({ image: inFolder(`${name}.img`), witness: inFolder(`${name}.jsonl`) });
  const root = inFolder('mounted');
  const port = await freePort();
  const [working, cut] = [named('working'), named('cut')];

  function copyWitness(from: Off, to: Off): void {
    copyFileSync(from.witness, to.witness);
  }

  async function onCopy<T>(from: Off, repository: string, work: (config: DeviceConfig) => Promise<T>): Promise<T> {
    await copyImage(from.image, working.image);
    copyWitness(from, working);
    const config = { folder: join(root, 'device'), repository, port, witness: working.witness };
    return mounted(working.image, root, async () => {
      mkdirSync(config.folder, { recursive: true });
      try {
        return await work(config);
      } finally {
        await endApp(config.folder);
      }
    });
  }

  const run = (config: DeviceConfig, work: Work, before: readonly string[]): Promise<Ran> =>
    runVictim(victim, writeConfig(inFolder('kedge.yaml'), config), work, before);

  return {
    root,
    runUntilCut: (from, repository, work, before = []) =>
      onCopy(from, repository, async (config) => {
        const ran = await run(config, work, [...poweredTogether, ...before]);
        await copyImage(working.image, cut.image);
        copyWitness(working, cut);
        return { ...ran, left: cut };
      }),
    runThenGoOn: (from, offer, before) =>
      onCopy(from, offer.repository, async (config) => {
        const ran = await run(config, 'update', before);
        return { ...ran, survived: await survive(config, offer) };
      }),
    survive: (from, offer) => onCopy(from, offer.later, (config) => survive(config, offer)),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export type Starts = { readonly [name in Offer['start']]: Off };

/** Devices that are off, for each way to begin. */
export async function makeStarts(device: ImageDevice, scene: Scene): Promise<Starts> {
  const bare = { image: join(scene.folder, 'bare.img'), witness: join(scene.folder, 'bare.jsonl') };
  await makeImage(bare.image);
  writeFileSync(bare.witness, '');
  const { said, left } = await device.runUntilCut(bare, scene.first, 'update');
  if (!said.includes('done')) throw new Error(`1.0.0 could not be installed: ${said.join('\n')}`);
  return { bare, installed: keepOff(left, scene.folder, 'installed') };
}

/** What is left of a run, before the next one overwrites it. */
export function keepOff(left: Off, folder: string, name: string): Off {
  const kept = { image: join(folder, `${name}.img`), witness: join(folder, `${name}.jsonl`) };
  copyFileSync(left.image, kept.image);
  copyFileSync(left.witness, kept.witness);
  return kept;
}
