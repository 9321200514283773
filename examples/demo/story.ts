/** What all scenes share: the vendor, the devices, and the updates so far. */

import type { Report } from '@kedge/agent/report';
import type { Manifest } from '@kedge/core/manifest';
import type { Clock } from '@kedge/core/ports';
import { bareRestart_ms } from './bare.ts';
import type { Device, Hear } from './device.ts';
import { expectSame } from './expectation.ts';
import { type Probed, probe } from './prober.ts';
import { versionOf } from './recorder-client.ts';
import type { Screen } from './screen.ts';
import { type Row, rowOf } from './table.ts';
import type { Vendor } from './vendor.ts';

export type Story = {
  /** Absolute. */
  readonly folder: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly screen: Screen;
  readonly vendor: Vendor;
  readonly recorder: Device;
  /** Undefined where there is no such binary for this machine. */
  readonly staticServer: Device | undefined;
  readonly rows: Row[];
};

export type Scene = { readonly title: string; readonly play: (story: Story) => Promise<void> };

/** What its clients ask each app for: an answer of status 200 means that it serves. */
function probedPath(device: Device): string {
  return device.product === 'recorder' ? '/health' : '/';
}

/** While the work is done. */
export function probeApp<T>({ clock, signal }: Story, device: Device, work: () => Promise<T>): Promise<Probed<T>> {
  return probe({ clock, signal, url: device.url + probedPath(device) }, work);
}

/** Looks for updates while the app is probed, and adds the row. */
export async function watchUpdate(
  story: Story,
  device: Device,
  expected: Report['kind'],
  note: string | null = null,
): Promise<Report> {
  const { report, downtime_ms } = await updateUnderProbe(story, device, expected);
  story.rows.push(rowOf(report, downtime_ms, note));
  return report;
}

/** An update that is to succeed, and then the same app restarted with no update. */
export async function watchGoodUpdate(story: Story, device: Device, manifest: Manifest): Promise<void> {
  const { report, downtime_ms } = await updateUnderProbe(story, device, 'updated');
  const bare_restart_ms = await bareRestart_ms({
    ...story,
    release: { manifest, folder: device.releaseFolder(manifest.version) },
    data_folder: device.data_folder,
    path: probedPath(device),
    times: 3,
  });
  story.rows.push({ ...rowOf(report, downtime_ms), bare_restart_ms });
}

async function updateUnderProbe(story: Story, device: Device, expected: Report['kind']) {
  const { value: report, downtime_ms } = await probeApp(story, device, () => device.check(hear(story, device)));
  const { to, reasons, kind } = report;
  expectSame(`outcome of ${device.product} ${to ?? ''} (${reasons.join('; ')})`, kind, expected);
  story.screen.started(device.product, device.pids());
  return { report, downtime_ms };
}

export function hear({ screen }: Story, device: Device): Hear {
  return (event) => screen.event(device.product, event);
}

export async function expectVersion({ screen, recorder }: Story, version: string): Promise<void> {
  expectSame('version that the recorder answers with', await versionOf(recorder.url), version);
  screen.fact(`the recorder answers as ${version}`);
}
