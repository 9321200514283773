/** Stage 5, prepare: is the device ready, and does the app allow it? Then the data is backed up, while the app runs. */

import { explain } from '@kedge/core/explain';
import type { UpdateInFlight } from '@kedge/core/journal';
import type { DataPart, Manifest } from '@kedge/core/manifest';
import { windowAt } from '@kedge/core/window';
import { makeFolderDurable } from '@kedge/trust/atomic-file';
import { backupFolder, dropOtherBackups } from '../backups.ts';
import { type Device, timeText } from '../device.ts';
import { sentenceOf } from '../failure.ts';
import { timedId } from '../id.ts';
import { readInstalled } from '../installed.ts';
import { localRelease } from '../local-release.ts';
import type { LocalRelease } from '../ports.ts';
import { type Ended, ended } from '../report.ts';
import type { Verified } from './4-verify.ts';

/** Ready to be applied. */
export type Prepared = Omit<Verified, 'kind'> & { readonly kind: 'prepared'; readonly update: UpdateInFlight };

/** It ends where the device or the app is not ready, which is no fault of the release: tried again by itself. */
export async function prepare(device: Device, verified: Verified): Promise<Prepared | Ended> {
  const { release, fetched_bytes } = verified;
  const { version, counter } = release.manifest;
  const opens_at_ms = windowOpensAt(device, verified);
  if (opens_at_ms !== null) {
    const reasons = [explain({ kind: 'outside_window', opens_at_ms })];
    const waits_until = timeText(opens_at_ms);
    return ended({ kind: 'waiting', stage: 'prepare', to: version, reasons, waits_until, fetched_bytes });
  }
  const installed = await readInstalled(device);
  const running = installed ? await localRelease(device, installed.current) : undefined;
  const tooFull = await lackOfSpace(device, verified);
  const reasons = [...tooFull, ...(await lackOfRights(device)), ...(await askTheApp(device, running))];
  if (reasons.length > 0) {
    const obstacle = tooFull.length > 0 ? 'no_space' : null;
    return ended({ kind: 'waiting', stage: 'prepare', to: version, reasons, obstacle, fetched_bytes });
  }
  const id = timedId(device);
  const update: UpdateInFlight = {
    id,
    started_at: timeText(device.clock.now_ms()),
    from: installed?.current ?? null,
    to: { version, counter, manifest_sha256: release.manifest_sha256 },
    backup: await backUp(device, id, dataParts(running, release), installed?.backup?.id),
  };
  return { ...verified, kind: 'prepared', update };
}

/** What either release calls its data: the new one may add parts, which are then absent in the backup. */
export function dataParts(...releases: readonly ({ readonly manifest: Manifest } | undefined)[]): readonly DataPart[] {
  const parts = releases.flatMap((release) => release?.manifest.data ?? []);
  return [...new Map(parts.map((part) => [part.path, part])).values()];
}

/** The window may have closed while the release was fetched. Null: it may be installed now. */
function windowOpensAt({ clock, config }: Device, { needs_window, chosen_at_ms }: Verified): number | null {
  if (!needs_window) return null;
  const { windows, time_zone } = config.policy;
  const window = windowAt(windows, time_zone, Math.max(clock.now_ms(), chosen_at_ms));
  return window.kind === 'closed' ? window.opens_at_ms : null;
}

async function lackOfSpace({ disk, paths }: Device, { artifact }: Verified): Promise<readonly string[]> {
  const free_bytes = await disk.freeSpace(paths.folder);
  if (free_bytes >= artifact.unpacked_bytes) return [];
  return [`the release unpacks to ${artifact.unpacked_bytes} bytes and ${free_bytes} are free: free some space`];
}

async function lackOfRights({ disk, config }: Device): Promise<readonly string[]> {
  try {
    await makeFolderDurable(disk, config.data, 0o750);
    const probe = `${config.data}/.kedge-probe`;
    await (await disk.open(probe, 'new', 0o600)).close();
    await disk.removeFile(probe);
    return [];
  } catch (error) {
    return [`the data folder ${config.data} cannot be written: ${sentenceOf(error)}`];
  }
}

/** The installed release's own preflight checks, such as "no recording is running". */
async function askTheApp(device: Device, running: LocalRelease | undefined): Promise<readonly string[]> {
  if (!running || device.service.state().kind !== 'running') return [];
  const reasons: string[] = [];
  for (const check of running.manifest.preflight) {
    const result = await device.checks.run(check, running, device.signal);
    if (result.kind === 'failed') reasons.push(`the app is not ready (${check.name}): ${result.detail}`);
  }
  return reasons;
}

async function backUp(
  device: Device,
  id: string,
  parts: readonly DataPart[],
  kept: string | undefined,
): Promise<UpdateInFlight['backup']> {
  if (parts.length === 0) return null;
  const { data, disk, paths, journal, clock } = device;
  await makeFolderDurable(disk, paths.backups, 0o700);
  // A power cut between a backup and STAGING leaves one that nothing names.
  const before = await journal.read();
  await dropOtherBackups(device, [kept, before.kind === 'read' ? before.value.backup?.id : undefined]);
  const taken_at = timeText(clock.now_ms());
  await data.backup(parts, backupFolder(device, id));
  return { id, taken_at };
}
