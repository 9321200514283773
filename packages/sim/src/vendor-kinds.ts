/** What a vendor does while the power of his machine is cut at every operation; afterwards he does it again. */

import { readKeyring } from '@kedge/publish/keyring';
import { refreshRepository } from '@kedge/publish/refresh-repository';
import { sha256 } from '@kedge/trust/os/sha256';
import {
  buildRelease,
  keys,
  publishRelease,
  replaceKeys,
  repository_folder,
  type SimulatedRelease,
  type VendorPorts,
  withdraw,
} from './simulated-vendor.ts';
import type { Kind } from './subject.ts';
import { vendorSubject } from './vendor-subject.ts';

export type VendorKind = {
  readonly name: string;
  /** Done before the cuts, each so many days after the repository was made. */
  readonly before: readonly { readonly day: number; readonly act: (vendor: VendorPorts) => Promise<unknown> }[];
  readonly day: number;
  readonly act: (vendor: VendorPorts) => Promise<unknown>;
};

const one: SimulatedRelease = { version: '1.0.0', counter: 1, migrations: [1] };
const next: SimulatedRelease = { version: '1.1.0', counter: 2, migrations: [1] };

async function issue(vendor: VendorPorts, release: SimulatedRelease): Promise<void> {
  await publishRelease(vendor, await buildRelease(vendor, release));
}

async function sign(vendor: VendorPorts): Promise<void> {
  await refreshRepository({ ...vendor, sha256 }, await readKeyring(vendor.disk, keys), repository_folder);
}

const first = { day: 0, act: (vendor: VendorPorts) => issue(vendor, one) };
const second = { day: 0, act: (vendor: VendorPorts) => issue(vendor, next) };
const built = { day: 0, act: (vendor: VendorPorts) => buildRelease(vendor, next) };

// biome-ignore format: one line for each kind
const rows: readonly VendorKind[] = [
  { name: 'publish',                    before: [first, built],  day: 1,   act: (vendor) => publishRelease(vendor, '/sources/1.1.0/out') },
  { name: 'withdraw a release',         before: [first, second], day: 1,   act: (vendor) => withdraw(vendor, '1.1.0') },
  { name: 'new keys for root',          before: [first],         day: 1,   act: (vendor) => replaceKeys(vendor, 'root') },
  { name: 'new keys for targets',       before: [first],         day: 1,   act: (vendor) => replaceKeys(vendor, 'targets') },
  { name: 'new key for the snapshot',   before: [first],         day: 1,   act: (vendor) => replaceKeys(vendor, 'snapshot') },
  { name: 'new key for the timestamp',  before: [first],         day: 1,   act: (vendor) => replaceKeys(vendor, 'timestamp') },
  { name: 'new key for a channel',      before: [first],         day: 1,   act: (vendor) => replaceKeys(vendor, 'stable') },
  { name: 'sign again, as every day',   before: [first],         day: 5,   act: sign },
  // Root and targets are in the last third of their year by then.
  { name: 'sign again, root as well',   before: [first, { day: 240, act: sign }], day: 244, act: sign },
];

export const vendorKinds: readonly Kind[] = rows.map((kind) => ({
  name: kind.name,
  prepare: (seed) => vendorSubject(kind, seed),
}));
