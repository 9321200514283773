/** What an update costs the app's clients: real updates by a real agent, in turn with bare restarts of the same app. */

import { join } from 'node:path';
import type { Manifest } from '@kedge/core/manifest';
import { bareRestart_ms } from '../examples/demo/bare.ts';
import { type Device, openDevice } from '../examples/demo/device.ts';
import { expectSame } from '../examples/demo/expectation.ts';
import { median, probe } from '../examples/demo/prober.ts';
import { openVendor } from '../examples/demo/vendor.ts';
import type { CommandIo } from '../packages/cli/src/command.ts';
import type { Measured } from './main.ts';

const rounds = 5;
const over_bare_ms_max = 150;

/** Medians of whole milliseconds. */
type Row = {
  readonly kind: string;
  readonly update_ms: number;
  readonly bare_ms: number;
  readonly over_bare_ms: number;
};

export async function measureDowntime(io: CommandIo, folder: string): Promise<Measured> {
  const { signal, ports } = io;
  const vendor = await openVendor(ports, folder);
  const place = { folder: join(folder, 'recorder'), product: 'recorder', source: vendor.url, root: vendor.root };
  // Nothing is installed but what is asked for, so that one and the same update can be made again and again.
  const device = await openDevice({ clock: ports.clock, signal, ...place, rule: 'never' });
  try {
    await device.start();
    await vendor.publishRecorder('1.0.0');
    await updateTo(device, '1.0.0');
    const migrated = await measureRow(io, device, folder, await vendor.publishRecorder('1.1.0'));
    await updateTo(device, '1.1.0');
    const same = await vendor.publishRecorder('1.1.0', { as: '1.1.1', counter: 3 });
    const plain = await measureRow(io, device, folder, same);
    return told([
      { kind: 'with a migration', ...migrated },
      { kind: 'without a migration', ...plain },
    ]);
  } finally {
    await device.close();
    await vendor.close();
  }
}

/** Leaves the device as it was: each update is followed by a roll back. */
async function measureRow(
  io: CommandIo,
  device: Device,
  folder: string,
  manifest: Manifest,
): Promise<Omit<Row, 'kind'>> {
  const { signal, ports } = io;
  const { clock } = ports;
  const { version } = manifest;
  const [updates_ms, bares_ms]: [number[], number[]] = [[], []];
  const path = '/health';
  for (let round = 0; round < rounds; round += 1) {
    const { downtime_ms } = await probe({ clock, signal, url: device.url + path }, () => updateTo(device, version));
    updates_ms.push(downtime_ms);
    const release = { manifest, folder: device.releaseFolder(version) };
    bares_ms.push(
      await bareRestart_ms({ clock, signal, release, data_folder: device.data_folder, folder, path, times: 1 }),
    );
    await device.ask('rollback', { lose_writes: false });
    // A version that was gone back from is not tried again before a person says so.
    await device.ask('approve', { version });
  }
  const [update_ms, bare_ms] = [Math.round(median(updates_ms)), Math.round(median(bares_ms))];
  return { update_ms, bare_ms, over_bare_ms: update_ms - bare_ms };
}

async function updateTo(device: Device, version: string): Promise<void> {
  const { kind, reasons } = await device.check(() => {}, version);
  expectSame(`outcome of the update to ${version} (${reasons.join('; ')})`, kind, 'updated');
}

function told(rows: readonly Row[]): Measured {
  const over_bare_ms = Math.max(...rows.map((row) => row.over_bare_ms));
  const cells = [
    ['recorder, median of 5', 'update', 'bare restart', 'over bare'],
    ...rows.map((row) => [
      row.kind,
      ...[row.update_ms, row.bare_ms, row.over_bare_ms].map((value_ms) => `${value_ms} ms`),
    ]),
  ];
  return {
    result: { rounds, rows, over_bare_ms, over_bare_ms_max },
    table: cells.map(([name = '', ...numbers]) =>
      [name.padEnd(24), ...numbers.map((cell) => cell.padStart(14))].join(''),
    ),
    problem:
      over_bare_ms > over_bare_ms_max
        ? `an update is ${over_bare_ms} ms longer than a bare restart, at most ${over_bare_ms_max} are wanted`
        : undefined,
  };
}
