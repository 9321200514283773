/** What a person may ask of a device. Each answer is what the local API sends and what the command prints. */

import type { Channel } from '@kedge/core/channel';
import type { JournalState } from '@kedge/core/journal';
import type { Pin } from '@kedge/core/pin';
import { agent_version } from './build.ts';
import { type Device, timeText } from './device.ts';
import { readInstalled } from './installed.ts';
import { type LogLine, readLog } from './log.ts';
import { nothing, type Owner, recall } from './memory.ts';
import type { ServiceState } from './ports.ts';
import type { Report } from './report.ts';
import { followedChannel } from './stages/1-discover.ts';
import { forgive } from './trouble.ts';

export type Status = {
  readonly device_id: string;
  readonly product: string;
  readonly agent_version: string;
  readonly channel: Channel;
  readonly installed: string | null;
  readonly previous: string | null;
  /** Null when no update was ever begun. */
  readonly journal: JournalState | 'damaged' | null;
  readonly app: ServiceState;
  readonly pinned_out: readonly Pin[];
  readonly checked_at: string | null;
  readonly next_check_at: string | null;
};

export async function status(device: Device, next_check_ms: number | null): Promise<Status> {
  const { memory, journal, service, config } = device;
  const installed = await readInstalled(device);
  const reading = await journal.read();
  return {
    device_id: device.id,
    product: config.product,
    agent_version,
    channel: await followedChannel(device),
    installed: installed?.current.version ?? null,
    previous: installed?.previous?.version ?? null,
    journal: reading.kind === 'read' ? reading.value.kind : reading.kind === 'damaged' ? 'damaged' : null,
    app: service.state(),
    pinned_out: (await recall(memory.trouble, nothing.trouble)).pins,
    checked_at: (await recall(memory.lately, nothing.lately)).checked?.at ?? null,
    next_check_at: next_check_ms === null ? null : timeText(next_check_ms),
  };
}

/** Why this device last updated, why it refused, what went wrong, and what it waits for: lines in plain words. */
export async function explainDevice(device: Device): Promise<readonly string[]> {
  const { memory } = device;
  const installed = await readInstalled(device);
  const { checked, updated, refused, went_wrong } = await recall(memory.lately, nothing.lately);
  const { pins } = await recall(memory.trouble, nothing.trouble);
  const running = installed
    ? `${installed.current.version} is installed since ${installed.since}.`
    : 'Nothing is installed yet.';
  return [
    running,
    ...paragraph(
      updated,
      (report) => `Last update, at ${report.at}: from ${report.from ?? 'nothing'} to ${report.to}.`,
    ),
    ...paragraph(went_wrong, tellTrouble),
    ...paragraph(refused, (report) => `Last refusal, at ${report.at}, in stage ${report.stage}:`),
    ...pins.map(
      (pin) =>
        `${pin.version} is not tried again here since ${pin.pinned_at}; "kedge agent approve ${pin.version}" lifts that.`,
    ),
    ...(await tellDamage(device)),
    ...waitsFor(checked),
  ];
}

async function tellDamage({ journal }: Device): Promise<readonly string[]> {
  const reading = await journal.read();
  if (reading.kind !== 'damaged') return [];
  return [`The journal is damaged (${reading.problem}); what is installed was kept. The next update writes it anew.`];
}

function paragraph(report: Report | null, headline: (report: Report) => string): readonly string[] {
  if (!report) return [];
  return [
    headline(report),
    ...report.reasons.map((reason) => `  ${reason}`),
    ...report.warnings.map((line) => `  warning: ${line}`),
  ];
}

function tellTrouble(report: Report): string {
  const { at, to, stage, lost_writes } = report;
  const version = to ?? 'an update';
  const lost = lost_writes ? ` What was written from ${lost_writes.from} to ${lost_writes.until} was lost.` : '';
  const failed = stage === 'commit' ? '' : `; it failed in stage ${stage}`;
  switch (report.kind) {
    case 'rolled_back':
      return `Went back from ${version} to ${report.from ?? 'nothing'} at ${at}${failed}.${lost}`;
    case 'dropped':
      return `Dropped ${version} at ${at} before it went live; the app ran on.`;
    case 'unfinished':
      return `Could not finish ${version} at ${at}; tried again soon.`;
    default:
      return `Could not update to ${version} at ${at}; it stopped in stage ${stage}, and nothing was changed.`;
  }
}

function waitsFor(checked: Report | null): readonly string[] {
  if (!checked) return ['It has not looked for updates yet.'];
  const { kind, at, reasons, waits_until } = checked;
  if (kind === 'waiting') {
    return [
      `Since ${at} it waits${waits_until ? ` until ${waits_until}` : ''}:`,
      ...reasons.map((reason) => `  ${reason}`),
    ];
  }
  if (kind === 'blocked')
    return [`It waits for a repository that it can believe, at ${at}:`, ...reasons.map((line) => `  ${line}`)];
  return [`It waits for the next release; it last looked at ${at}.`];
}

export async function history(device: Device, count: number): Promise<readonly LogLine[]> {
  return readLog({ ...device, path: device.paths.log }, count);
}

/** The version may be installed, even if it was postponed or pinned out before. */
export async function approve(device: Device, version: string): Promise<void> {
  await forgive(device, version);
  await consent(device, { kind: 'approved', version });
}

export async function postpone(device: Device, version: string, until_ms: number): Promise<void> {
  await consent(device, { kind: 'postponed', version, until_ms });
}

async function consent(device: Device, word: Owner['consents'][number]): Promise<void> {
  const { memory, log } = device;
  await memory.owner.change(nothing.owner, (owner) => {
    const others = owner.consents.filter(({ version }) => version !== word.version);
    return { ...owner, consents: [...others, word] };
  });
  await log.append(word.kind, word);
}

/** @param channel null: the configured one again */
export async function choose(device: Device, channel: Channel | null): Promise<Channel> {
  const { memory, log } = device;
  await memory.owner.change(nothing.owner, (owner) => ({ ...owner, channel }));
  await log.append('channel', { channel });
  return followedChannel(device);
}
