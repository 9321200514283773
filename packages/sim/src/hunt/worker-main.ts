/** One thread of a hunt: plays every n-th seed until it is ended, and posts what came of each. */

import { parentPort, workerData } from 'node:worker_threads';
import { integer, object, parseWith } from '@kedge/core/parse';
import { rememberSignatures } from '../os/remembered-signatures.ts';
import { huntSeed } from './hunt.ts';
import { openKit } from './kit.ts';

const seeds = parseWith(object({ first: integer({ min: 0 }), every: integer({ min: 1 }) }), workerData, 'seeds');
const kit = await openKit();
const forget = rememberSignatures();
for (let seed = seeds.first; ; seed += seeds.every) {
  parentPort?.postMessage(await huntSeed(kit, seed), []);
  forget();
}
