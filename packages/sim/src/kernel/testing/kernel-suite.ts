/** What the suites on a real kernel share: one scene, two devices that are worked on at once, and what to cut. */

import { join } from 'node:path';
import { type ImageDevice, imageDevice, makeStarts, type Off, type Starts } from './image-device.ts';
import { createScene, type Offer, type Scene } from './scene.ts';
import { type CallSite, callSites, tracing } from './strace.ts';
import { buildVictim, type Work } from './victim.ts';

export type KernelSuite = {
  readonly scene: Scene;
  readonly starts: Starts;
  /** The system calls of the work, in order. */
  sitesOf(from: Off, offer: Offer, work: Work): Promise<readonly CallSite[]>;
  /** Two at a time, each on a disk of its own. */
  forEach<T>(all: readonly T[], work: (device: ImageDevice, one: T) => Promise<void>): Promise<void>;
  close(): void;
};

export async function openKernelSuite(): Promise<KernelSuite> {
  const scene = await createScene();
  const victim = await buildVictim(scene.folder);
  const first = await imageDevice(victim);
  const devices = [first, await imageDevice(victim)];
  return {
    scene,
    starts: await makeStarts(first, scene),
    async sitesOf(from, offer, work) {
      const trace = join(scene.folder, 'trace');
      await first.runUntilCut(from, offer.repository, work, tracing(trace));
      return callSites(trace, first.root);
    },
    async forEach(all, work) {
      const queue = all.values();
      const lanes = devices.map(async (device) => {
        for (const one of queue) await work(device, one);
      });
      // One that fails must not leave the other at work on a disk that is taken away.
      await Promise.allSettled(lanes);
      await Promise.all(lanes);
    },
    close() {
      for (const device of devices) device.close();
      scene.close();
    },
  };
}

/** The first, and then one of so many. */
export function oneIn<T>(count: number, all: readonly T[]): readonly T[] {
  return all.filter((_, index) => index % count === 0);
}
