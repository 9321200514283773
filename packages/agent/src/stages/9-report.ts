/** Stage 9, report: what it came to is written down here, and sent until it is acknowledged. */

import { type Device, timeText } from '../device.ts';
import { cut } from '../failure.ts';
import { timedId } from '../id.ts';
import type { Complete } from '../journal/journal.ts';
import { nothing } from '../memory.ts';
import { deliver, enqueue } from '../outbox.ts';
import type { Report, Result } from '../report.ts';

export async function report(device: Device, result: Result): Promise<Report> {
  const written = await writeDown(device, result);
  await deliver(device);
  return written;
}

/** Of an update that is complete. Its report is in the outbox before the journal says so. */
export async function reportUpdate(device: Device, record: Complete, more: Partial<Report> = {}): Promise<Report> {
  const { id, from, to, failure, lost_writes, outcome } = record;
  const written = await writeDown(device, {
    id,
    kind: outcome === 'committed' ? 'updated' : outcome,
    stage: outcome === 'committed' ? 'commit' : stageOf(failure?.failed_in),
    from: from?.version ?? null,
    to: to.version,
    reasons: failure ? [failure.reason] : [],
    lost_writes,
    ...more,
  });
  await device.journal.amend({ ...record, reported: true });
  await deliver(device);
  return written;
}

async function writeDown(device: Device, result: Result): Promise<Report> {
  const { clock, config, log, emit } = device;
  const whole: Report = {
    id: timedId(device),
    device_id: device.id,
    product: config.product,
    at: timeText(clock.now_ms()),
    from: null,
    to: null,
    obstacle: null,
    lost_writes: null,
    waits_until: null,
    fetched_bytes: 0,
    stages: [],
    ...result,
    reasons: result.reasons.map((reason) => cut(reason)),
    warnings: (result.warnings ?? []).map((warning) => cut(warning)),
  };
  await remember(device, whole);
  await log.append(whole.kind, { from: whole.from, to: whole.to, stage: whole.stage, reasons: whole.reasons });
  await log.sync();
  if (isNews(whole)) await enqueue(device, whole);
  emit({ kind: 'report', report: whole });
  return whole;
}

/** From COMPLETE only a person or the vendor goes back: nothing failed. */
function stageOf(failed_in: string | undefined): string {
  if (failed_in === 'COMPLETE') return 'commit';
  return failed_in === 'VALIDATING' ? 'validate' : 'apply';
}

/** A look that found nothing to do is no news to anybody else. */
function isNews({ kind }: Report): boolean {
  return kind !== 'up_to_date' && kind !== 'waiting' && kind !== 'blocked';
}

async function remember({ memory }: Device, report: Report): Promise<void> {
  const { kind } = report;
  await memory.lately.change(nothing.lately, (lately) => ({
    checked: report,
    updated: kind === 'updated' ? report : lately.updated,
    refused: kind === 'refused' ? report : lately.refused,
    went_wrong: ['failed', 'dropped', 'rolled_back', 'unfinished'].includes(kind) ? report : lately.went_wrong,
  }));
}
