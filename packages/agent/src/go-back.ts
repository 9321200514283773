/** Going back to the previous release after the new one was committed: because a person asks, or its vendor withdrew it. */

import type { Decision } from '@kedge/core/evaluate';
import { explain, explainDecision } from '@kedge/core/explain';
import type { Failure } from '@kedge/core/journal';
import { databasesOf, planDown } from '@kedge/core/migration-plan';
import { appliedMigrations } from './apply/2-migrate.ts';
import { type Device, timeText } from './device.ts';
import { timedId } from './id.ts';
import { readInstalled } from './installed.ts';
import { localRelease } from './local-release.ts';
import type { Installed } from './memory.ts';
import type { Report } from './report.ts';
import { goBack } from './stages/8-rollback.ts';
import { reportUpdate } from './stages/9-report.ts';
import { startInstalled } from './start-installed.ts';

export type WentBack =
  | { readonly kind: 'went_back'; readonly report: Report }
  /** Nothing was touched. */
  | { readonly kind: 'refused'; readonly reason: string };

/** @param may_lose_writes what was written since the last update is given up, where there is no way to keep it */
export async function goBackToPrevious(device: Device, reason: string, may_lose_writes: boolean): Promise<WentBack> {
  const installed = await readInstalled(device);
  if (!installed?.previous) {
    return { kind: 'refused', reason: 'there is no previous release on this device to go back to' };
  }
  const loss = await writesAtStake(device, { ...installed, previous: installed.previous });
  if (loss !== undefined && !may_lose_writes) return { kind: 'refused', reason: loss };
  return { kind: 'went_back', report: await leave(device, { ...installed, previous: installed.previous }, reason) };
}

/** The vendor withdrew what is installed and there is nothing newer to go to: back, where that loses nothing. */
export async function leaveRevoked(device: Device, decision: Decision): Promise<Report | undefined> {
  const revoked = decision.reasons.find((reason) => reason.kind === 'installed_revoked');
  if (!revoked || (decision.kind !== 'skip' && decision.kind !== 'refuse')) return undefined;
  const result = await goBackToPrevious(device, explain(revoked), false);
  await device.log.append('installed_revoked', { result: result.kind, reasons: explainDecision(decision) });
  return result.kind === 'went_back' ? result.report : undefined;
}

type WithPrevious = Installed & { readonly previous: NonNullable<Installed['previous']> };

/** Undefined when going back keeps all data. */
async function writesAtStake(device: Device, installed: WithPrevious): Promise<string | undefined> {
  const { manifest: left } = await localRelease(device, installed.current);
  const { manifest: kept } = await localRelease(device, installed.previous);
  const databases = databasesOf([...left.migrations, ...kept.migrations]);
  const plan = planDown(await appliedMigrations(device.data, databases), kept.migrations, left.migrations);
  if (plan.kind === 'plan') return undefined;
  if (!installed.backup) return `migration ${plan.id} has no way down, and there is no backup of the data`;
  return (
    `migration ${plan.id} has no way down: going back restores the backup of ${installed.backup.taken_at}, and all that ` +
    'was written since is lost; say --lose-writes if that is right'
  );
}

async function leave(device: Device, installed: WithPrevious, reason: string): Promise<Report> {
  const { journal } = device;
  const failure: Failure = { failed_in: 'COMPLETE', reason, fault: 'person' };
  const before = await journal.read();
  const record = await journal.record(before.kind === 'read' ? before.value.kind : null, 'fail', {
    kind: 'ROLLING_BACK',
    id: timedId(device),
    started_at: timeText(device.clock.now_ms()),
    from: installed.previous,
    to: installed.current,
    backup: installed.backup,
    failure,
    lost_writes: null,
  });
  const complete = await goBack(device, record);
  await startInstalled(device);
  return reportUpdate(device, complete);
}
