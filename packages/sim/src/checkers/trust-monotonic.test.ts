import { createAgent } from '@kedge/agent/agent';
import type { Device } from '@kedge/agent/device';
import { removeTree } from '@kedge/trust/atomic-file';
import { beforeEach, expect, test } from 'vitest';
import { copyOf, type FileSystem } from '../disk/model.ts';
import { arm, running } from '../hunt/device-life.ts';
import { openWorkshop } from '../hunt/vendor.ts';
import { createWorld, vendorWorks, type World } from '../hunt/world.ts';
import { type TrustWatch, watchTrust } from './trust-monotonic.ts';
import { vendorOnly } from './vendor-only.ts';

let world: World;
let watch: TrustWatch;
beforeEach(async () => {
  world = await createWorld({ workshop: await openWorkshop() }, 1);
  watch = watchTrust();
});

async function look(): Promise<Device> {
  const { device } = await running(world, arm(world, []));
  await createAgent(device).check({ kind: 'asked', wanted: null });
  return device;
}

/** A device whose disk is that of an earlier day. */
async function deviceOn(system: FileSystem): Promise<Device> {
  world.system = copyOf(system);
  world.machine = undefined;
  return (await running(world, arm(world, []))).device;
}

test('a device that trusts what is newer each time is in order, and one whose disk is an old one is not', async () => {
  expect(await watch.look(await look(), true)).toBeUndefined();
  const old = copyOf(world.system);
  await vendorWorks(world, { kind: 'sign', mirrored: true }, true);
  expect(await watch.look(await look(), true)).toBeUndefined();
  expect(await watch.look(await deviceOn(old), true)).toMatch(/timestamp went back from 2 to 1/);
});

test('keys that were replaced begin anew', async () => {
  await vendorWorks(world, { kind: 'sign', mirrored: true }, true);
  expect(await watch.look(await look(), true)).toBeUndefined();
  await vendorWorks(world, { kind: 'replace_keys', role: 'timestamp', mirrored: true }, true);
  expect(await watch.look(await look(), true)).toBeUndefined();
});

test('a floor that is gone, below metadata that is trusted, is noticed', async () => {
  const device = await look();
  expect(await watch.look(device, true)).toBeUndefined();
  for (const copy of ['floor.a.json', 'floor.b.json']) await removeTree(device.disk, `${device.paths.trust}/${copy}`);
  expect(await watch.look(device, true)).toMatch(/the floor does not know/);
});

test('what is installed is the vendor’s, or it is noticed', async () => {
  const release = {
    version: '1.1.0',
    counter: 1,
    migrations: 0,
    one_way: [],
    health: 'well',
    severity: 'patch',
    ballast_bytes: 0,
    foreign: false,
  } as const;
  await vendorWorks(world, { kind: 'publish', release, mirrored: true }, true);
  const device = await look();
  const { manifest_sha256 } = world.vendor.published[0] ?? { manifest_sha256: 'none' };
  expect(await vendorOnly(device, new Map([['1.1.0', manifest_sha256]]))).toBeUndefined();
  expect(await vendorOnly(device, new Map([['1.1.0', '0'.repeat(64)]]))).toMatch(/is not what the vendor published/);
});
