/** What all scenes share: the vendor, the devices, and the updates so far. */

import type { Report } from '@kedge/agent/report';
import type { Manifest } from '@kedge/core/manifest';
import type { Clock } from '@kedge/core/ports';
import { bareRestart_ms } from './bare.ts';
import type { Device } from './device.ts';
import { expectSame } from './expectation.ts';
import { probe } from './prober.ts';
import { versionOf } from './recorder-client.ts';
import type { Screen } from './screen.ts';
import { type Row, rowOf } from './table.ts';
import type { Vendor } from './vendor.ts';

export type Story = {
  /** Absolute. */
  readonly folder: string;
  readonly clock: Clock;
  readonly screen: Screen;
  readonly vendor: Vendor;
  readonly recorder: Device;
  /** Undefined where there is no such binary for this machine. */
  readonly staticServer: Device | undefined;
  readonly rows: Row[];
};

export type Scene = { readonly title: string; readonly play: (story: Story) => Promise<void> };

/** What its clients ask each app for: an answer of status 200 means that it serves. */
export function probedPath(device: Device): string {
  return device.product === 'recorder' ? '/health' : '/';
}

/** Looks for updates while the app is probed, and adds the row. */
export async function watchUpdate(
  story: Story,
  device: Device,
  expected: Report['kind'],
  note: string | null = null,
): Promise<Report> {
  const { clock, screen, rows } = story;
  const probed = await probe(clock, device.url + probedPath(device), () => device.check(hear(story, device)));
  const { value: report, downtime_ms } = probed;
  expectSame(`outcome of ${device.product} ${report.to ?? ''} (${report.reasons.join('; ')})`, report.kind, expected);
  rows.push(rowOf(report, downtime_ms, note));
  screen.started(device.product, device.pids());
  return report;
}

/** An update that is to succeed, and then the same app restarted with no update. */
export async function watchGoodUpdate(story: Story, device: Device, manifest: Manifest): Promise<void> {
  const { clock, folder, rows } = story;
  await watchUpdate(story, device, 'updated');
  const release = { manifest, folder: device.releaseFolder(manifest.version) };
  const { data_folder } = device;
  const bare_restart_ms = await bareRestart_ms({
    clock,
    release,
    data_folder,
    folder,
    path: probedPath(device),
    times: 3,
  });
  const row = rows.pop();
  if (row) rows.push({ ...row, bare_restart_ms });
}

export function hear({ screen }: Story, device: Device): Parameters<Device['check']>[0] {
  return (event) => screen.event(device.product, event);
}

export async function expectVersion({ screen, recorder }: Story, version: string): Promise<void> {
  expectSame('version that the recorder answers with', await versionOf(recorder.url), version);
  screen.fact(`the recorder answers as ${version}`);
}
