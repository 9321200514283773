import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDevice } from '../examples/demo/device.ts';
import { recordings, versionOf } from '../examples/demo/recorder-client.ts';
import { openVendor } from '../examples/demo/vendor.ts';
import { buildAgent } from './build-agent.ts';

const ports = { disk: nodeDisk, clock: systemClock, random: systemRandom, sha256 };
const { signal } = new AbortController();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the bundled agent installs a release and updates it, from one file', async () => {
  const bundle = await buildAgent(join(folder, 'bundle'));
  const vendor = await openVendor(ports, folder);
  const place = { folder: join(folder, 'device'), product: 'recorder', source: vendor.url, root: vendor.root };
  const device = await openDevice({ clock: systemClock, signal, ...place, rule: 'now', agent: [bundle] });
  try {
    await device.start();
    await vendor.publishRecorder('1.0.0');
    expect(await device.check(() => {})).toMatchObject({ kind: 'updated', from: null, to: '1.0.0' });
    await vendor.publishRecorder('1.1.0');
    expect(await device.check(() => {})).toMatchObject({ kind: 'updated', from: '1.0.0', to: '1.1.0' });
    expect(await versionOf(device.url)).toBe('1.1.0');
    expect(await recordings(device.url, 'id priority')).toEqual([]);
  } finally {
    await device.close();
    await vendor.close();
  }
});

test('the bundle is a program of its own, and does not load undici', async () => {
  const bundle = await buildAgent(join(folder, 'bundle'));
  const tellLoaded =
    "process.on('exit', () => console.log(process.moduleLoadList.filter((name) => /undici/.test(name))))";
  const hook = join(folder, 'hook.cjs');
  writeFileSync(hook, tellLoaded);
  const said = execFileSync(process.execPath, ['--require', hook, bundle, '--help'], { encoding: 'utf8' });
  expect(said).toContain('run ');
  expect(said.trimEnd()).toMatch(/\[\]$/);
});
