/** The main flow: nine stages, in order. The first that does not lead on to the next is where it ends, and is reported. */

import type { Decision } from '@kedge/core/evaluate';
import { explainDecision } from '@kedge/core/explain';
import { type Device, timeText } from './device.ts';
import { obstacleOf, sentenceOf } from './failure.ts';
import { leaveRevoked } from './go-back.ts';
import type { Report } from './report.ts';
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
import { type Result, report, reportUpdate } from './stages/9-report.ts';

/** Rejects only when the agent was asked to stop, or when not even the report could be written. */
export async function update(device: Device, occasion: Occasion): Promise<Report> {
  const stages = announceStages(device);
  try {
    return await nineStages(device, occasion, stages);
  } catch (error) {
    if (device.signal.aborted || !(error instanceof StageBroke)) throw error;
    const kind = error.stage === 'commit' ? 'unfinished' : 'failed';
    const [reasons, obstacle] = [[sentenceOf(error.cause)], obstacleOf(error)];
    return report(device, { kind, stage: error.stage, reasons, obstacle, stages: stages.times() });
  }
}

async function nineStages(device: Device, occasion: Occasion, stages: Stages): Promise<Report> {
  const { run } = stages;
  const end = (result: Result) => run('report', () => report(device, { ...result, stages: stages.times() }));

  const found = await run('discover', () => discover(device, occasion));
  if (found.kind === 'blocked') {
    const kind = found.hostile ? 'refused' : 'blocked';
    return end({ kind, stage: 'discover', reasons: [found.reason], obstacle: found.hostile ? null : 'unreachable' });
  }

  const decision = await run('evaluate', () => evaluate(device, found));
  if (decision.kind !== 'apply_now' && decision.kind !== 'proceed') {
    return (await leaveRevoked(device, decision)) ?? end({ ...decided(decision), warnings: found.problems });
  }
  const { release, artifact } = decision;
  const to = release.manifest.version;

  const fetched = await run('download', () => download(device, artifact, new Set()));
  if (fetched.kind === 'failed') {
    const { reason, ...failed } = fetched;
    return end({ ...failed, stage: 'download', to, reasons: [reason], obstacle: 'unreachable' });
  }

  const fetchAgain = (avoid: ReadonlySet<string>) => download(device, artifact, avoid);
  const verified = await run('verify', () => verify(device, release, artifact, fetched, fetchAgain));
  if (verified.kind !== 'verified') {
    const { reason, ...failed } = verified;
    return end({ ...failed, stage: 'verify', to, reasons: [reason] });
  }
  const { fetched_bytes } = verified;

  const prepared = await run('prepare', () => prepare(device, verified));
  if (prepared.kind === 'waiting') return end({ ...prepared, stage: 'prepare', to, fetched_bytes });

  const applied = await run('apply', () => apply(device, prepared));

  const validated = await run('validate', () => validate(device, applied));

  const complete = await run('commit', () =>
    validated.kind === 'healthy'
      ? commit(device, validated.update)
      : rollback(device, validated.update, validated.failure),
  );

  const reasons = [...(complete.failure ? [complete.failure.reason] : []), ...explainDecision(decision)];
  const warnings = validated.kind === 'healthy' ? validated.warnings : [];
  const obstacle = validated.kind === 'healthy' ? null : validated.obstacle;
  return run('report', () =>
    reportUpdate(device, complete, { reasons, obstacle, warnings, fetched_bytes, stages: stages.times() }),
  );
}

function decided(decision: Decision): Result {
  const to = 'release' in decision ? decision.release.manifest.version : null;
  const obstacle = decision.reasons.some(({ kind }) => kind === 'disk_too_full') ? 'no_space' : null;
  const result = { stage: 'evaluate', to, obstacle, reasons: [...explainDecision(decision)] } as const;
  switch (decision.kind) {
    case 'skip':
      return { kind: 'up_to_date', ...result };
    case 'refuse':
      return { kind: 'refused', ...result };
    case 'defer': {
      const { until_ms } = decision;
      return { kind: 'waiting', ...result, waits_until: until_ms === null ? null : timeText(until_ms) };
    }
    default:
      return { kind: 'waiting', ...result };
  }
}
