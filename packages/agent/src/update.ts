/** The main flow: nine stages, in order. The first that does not lead on to the next is where it ends, and is reported. */

import type { Device } from './device.ts';
import { obstacleOf, sentenceOf } from './failure.ts';
import { leaveWithdrawn } from './go-back.ts';
import type { Report, Result } from './report.ts';
import { announceStages, StageBroke, type Stages } from './stage-announcer.ts';
import { discover, type Occasion } from './stages/1-discover.ts';
import { evaluate } from './stages/2-evaluate.ts';
import { download } from './stages/3-download.ts';
import { verify } from './stages/4-verify.ts';
import { prepare } from './stages/5-prepare.ts';
import { apply } from './stages/6-apply.ts';
import { validate } from './stages/7-validate.ts';
import { commit } from './stages/8-commit.ts';
import { rollback } from './stages/8-rollback.ts';
import { report, reportUpdate } from './stages/9-report.ts';

/** Rejects only when the agent was asked to stop, or when not even the report could be written. */
export async function update(device: Device, occasion: Occasion): Promise<Report> {
  const stages = announceStages(device);
  try {
    return await nineStages(device, occasion, stages);
  } catch (error) {
    if (device.signal.aborted || !(error instanceof StageBroke)) throw error;
    const { stage, cause } = error;
    const kind = stage === 'commit' ? 'unfinished' : 'failed';
    const reasons = [sentenceOf(cause)];
    return report(device, { kind, stage, reasons, obstacle: obstacleOf(cause), stages: stages.times() });
  }
}

async function nineStages(device: Device, occasion: Occasion, { run, times }: Stages): Promise<Report> {
  const end = ({ result }: { readonly result: Result }) =>
    run('report', () => report(device, { ...result, stages: times() }));

  const found = await run('discover', () => discover(device, occasion));
  if (found.kind === 'ended') return end(found);

  const chosen = await run('evaluate', () => evaluate(device, found));
  if (chosen.kind === 'ended') return end(chosen);
  if (chosen.kind === 'withdrawn') return (await leaveWithdrawn(device, chosen)) ?? end(chosen);

  const downloaded = await run('download', () => download(device, chosen));
  if (downloaded.kind === 'ended') return end(downloaded);

  const verified = await run('verify', () => verify(device, downloaded));
  if (verified.kind === 'ended') return end(verified);

  const prepared = await run('prepare', () => prepare(device, verified));
  if (prepared.kind === 'ended') return end(prepared);

  const applied = await run('apply', () => apply(device, prepared));

  const validated = await run('validate', () => validate(device, applied));

  const complete = await run('commit', () =>
    validated.kind === 'healthy' ? commit(device, validated.update) : rollback(device, validated),
  );

  const { because, fetched_bytes } = prepared;
  const reasons = [...(complete.failure ? [complete.failure.reason] : []), ...because];
  const told = validated.kind === 'healthy' ? { warnings: validated.warnings } : { obstacle: validated.obstacle };
  return run('report', () => reportUpdate(device, complete, { ...told, reasons, fetched_bytes, stages: times() }));
}
