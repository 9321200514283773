/** What a device does while it is cut at every operation, and the state that it starts from. */

import { type Agent, createAgent } from '@kedge/agent/agent';
import type { Device } from '@kedge/agent/device';
import { deviceSubject } from './device-subject.ts';
import type { SimulatedRelease, VendorPorts } from './simulated-vendor.ts';
import { replaceKeys, withdraw } from './simulated-vendor.ts';
import type { Kind } from './subject.ts';

export type UpdateKind = {
  readonly name: string;
  /** Published and installed, one after the other, before the part that is cut. */
  readonly installed: readonly SimulatedRelease[];
  /** Published just before the part that is cut. */
  readonly offered: SimulatedRelease | undefined;
  /** What else the vendor did meanwhile. */
  readonly meanwhile?: (vendor: VendorPorts) => Promise<void>;
  readonly ill: ReadonlySet<string>;
  /** What is cut. */
  readonly act: (device: Device) => Promise<unknown>;
  /** What may be live afterwards. */
  readonly legal: readonly (string | undefined)[];
};

const look = (device: Device) => agentOf(device).check({ kind: 'asked', wanted: null });
const one: SimulatedRelease = { version: '1.0.0', counter: 1, migrations: [1] };
const same: SimulatedRelease = { version: '1.1.0', counter: 2, migrations: [1] };
const migrated: SimulatedRelease = { version: '1.1.0', counter: 2, migrations: [1, 2] };
const third: SimulatedRelease = { version: '1.1.1', counter: 3, migrations: [1, 2, 3] };
const oneWay: SimulatedRelease = { ...migrated, one_way: [2] };
const none: ReadonlySet<string> = new Set();
const ill: ReadonlySet<string> = new Set(['1.1.0']);
const either = ['1.0.0', '1.1.0'];

function agentOf(device: Device): Agent {
  return createAgent(device);
}

async function newKeys(vendor: VendorPorts): Promise<void> {
  for (const role of ['root', 'timestamp', 'snapshot', 'targets', 'stable'] as const) await replaceKeys(vendor, role);
}

const newest_withdrawn = (vendor: VendorPorts) => withdraw(vendor, '1.1.0');

// biome-ignore format: one line for each kind
const rows: readonly UpdateKind[] = [
  { name: 'first install',             installed: [],              offered: one,       ill: none, act: look, legal: [undefined, '1.0.0'] },
  { name: 'update',                    installed: [one],           offered: same,      ill: none, act: look, legal: either },
  { name: 'update with a migration',   installed: [one],           offered: migrated,  ill: none, act: look, legal: either },
  { name: 'update that drops N-2',     installed: [one, migrated], offered: third,     ill: none, act: look, legal: ['1.1.0', '1.1.1'] },
  { name: 'update after new keys',     installed: [one],           offered: same,      ill: none, act: look, legal: either, meanwhile: newKeys },
  { name: 'failing first install',     installed: [],              offered: { ...one, version: '1.1.0' }, ill, act: look, legal: [undefined] },
  { name: 'failing health check',      installed: [one],           offered: same,      ill,       act: look, legal: ['1.0.0'] },
  { name: 'roll back by down script',  installed: [one],           offered: migrated,  ill,       act: look, legal: ['1.0.0'] },
  { name: 'roll back by backup',       installed: [one],           offered: oneWay,    ill,       act: look, legal: ['1.0.0'] },
  { name: 'a person goes back',        installed: [one, migrated], offered: undefined, ill: none, act: (device) => agentOf(device).goBack(false), legal: either },
  { name: 'a person gives up writes',  installed: [one, oneWay],   offered: undefined, ill: none, act: (device) => agentOf(device).goBack(true), legal: either },
  { name: 'leave a withdrawn release', installed: [one, migrated], offered: undefined, ill: none, act: look, legal: either, meanwhile: newest_withdrawn },
];

export const updateKinds: readonly Kind[] = rows.map((kind) => ({
  name: kind.name,
  prepare: (seed) => deviceSubject(kind, seed),
}));
