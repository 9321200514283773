/** Reports that wait to be acknowledged: one file each, so that a restart or a power cut loses none. */

import { InvalidInput, parseJson } from '@kedge/core/parse';
import type { NetResponse } from '@kedge/core/ports';
import { makeFolderDurable, writeAtomic } from '@kedge/trust/atomic-file';
import type { Device } from './device.ts';
import { answer_timeout_ms, idle_timeout_ms, outbox_reports_max } from './limits.ts';
import { type Report, report } from './report.ts';

const report_bytes_max = 1024 * 1024;

/** The same report again replaces itself. */
export async function enqueue(device: Device, report: Report): Promise<void> {
  const { disk, paths, config } = device;
  if (config.report_to === undefined) return;
  await makeFolderDurable(disk, paths.outbox);
  await writeAtomic(disk, `${paths.outbox}/${report.id}.json`, encode(report), 0o600);
  const waiting = await list(device);
  for (const file of waiting.slice(0, -outbox_reports_max)) {
    await device.log.append('report_dropped', { file, reason: `more than ${outbox_reports_max} wait` });
    await disk.removeFile(`${paths.outbox}/${file}`);
  }
}

/** Sends what waits, oldest first, until one is not acknowledged, which is no failure. Whether any still waits. */
export async function deliver(device: Device): Promise<boolean> {
  const { disk, paths, config, log } = device;
  if (config.report_to === undefined) return false;
  for (const file of await list(device)) {
    const path = `${paths.outbox}/${file}`;
    const bytes = await disk.read(path, report_bytes_max);
    if (!bytes || !isReport(bytes)) {
      await log.append('report_damaged', { file });
      await disk.removeFile(path);
      continue;
    }
    const problem = await send(device, config.report_to, bytes);
    if (problem !== undefined) {
      await log.append('report_waits', { file, problem });
      return true;
    }
    await disk.removeFile(path);
  }
  return false;
}

async function send(device: Device, url: string, body: Uint8Array): Promise<string | undefined> {
  let response: NetResponse;
  try {
    response = await device.net.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body,
      answer_timeout_ms,
      idle_timeout_ms,
      signal: device.signal,
    });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  await response.body[Symbol.asyncIterator]().return?.();
  return response.status >= 200 && response.status < 300 ? undefined : `answered ${response.status}`;
}

async function list({ disk, paths }: Device): Promise<readonly string[]> {
  return ((await disk.list(paths.outbox)) ?? []).filter((file) => file.endsWith('.json'));
}

function isReport(bytes: Uint8Array): boolean {
  try {
    parseJson(report, new TextDecoder().decode(bytes), 'report');
    return true;
  } catch (error) {
    if (error instanceof InvalidInput) return false;
    throw error;
  }
}

function encode(report: Report): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(report));
}
