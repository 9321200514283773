import type { Device } from '@kedge/agent/device';
import { beforeAll, describe, expect, test } from 'vitest';
import { dataHistory } from '../checkers/data-history.ts';
import { journalSettled } from '../checkers/journal-settled.ts';
import { liveRelease } from '../checkers/live-release.ts';
import type { History } from '../simulated-app.ts';
import { attacks } from './attacks.ts';
import { openForge } from './forge.ts';
import { forged_version, listForged } from './forged-release.ts';
import { answerOf, copyLife, lookAt, type Setting, settle } from './testing/victim.ts';

let setting: Setting;
beforeAll(async () => {
  setting = await settle();
});

const day_ms = 86_400_000;
const newest = { all: '1.3.0', 'all but the newest': '1.2.0' } as const;
const ids = ['0001_step'];
const migrations = new Map(['1.2.0', '1.3.0', '1.4.0'].map((version) => [version, ids]));

/** One line for each thing that is wrong with a device that should be on this version. */
async function complaints(device: Device, history: History, version: string): Promise<readonly string[]> {
  const recovered = { device, history, legal: [version], migrations, touched: new Set<string>() };
  const found = await Promise.all([liveRelease, journalSettled, dataHistory].map((checker) => checker(recovered)));
  return found.filter((line) => line !== undefined);
}

test('every attack has a name of its own', () => {
  expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
});

describe('under attack, by one who holds', () => {
  const table = attacks.map((attack) => [attack.loot, attack.name, attack] as const);

  test.each(table)('%s: %s', async (_, __, { apply, verdict, heals_with }) => {
    const { seen, report, because, after_days = 0 } = verdict;
    const life = copyLife(setting.lives[seen]);
    const now_ms = setting.ground.now_ms + after_days * day_ms;
    const hostile = await apply(setting.ground);
    if (!hostile) throw new Error('this ground has nothing to do the attack with');

    const attacked = await lookAt(life, hostile, now_ms);
    expect(attacked.report).toMatchObject({ kind: report });
    expect([...attacked.report.reasons, ...attacked.report.warnings].join('\n')).toMatch(because);
    expect(await complaints(attacked.device, life.history, newest[seen])).toEqual([]);

    const answer = await answerOf(setting.ground, now_ms, heals_with ?? []);
    const healed = await lookAt(life, { repository: answer }, now_ms);
    expect(healed.report).toMatchObject({ kind: 'updated', from: newest[seen], to: '1.4.0' });
    expect(await complaints(healed.device, life.history, '1.4.0')).toEqual([]);
  });

  test.each(table.filter(([, , { heals_with }]) => heals_with))(
    '%s: %s, and the honest repository alone is not believed',
    async (_, __, { apply, verdict }) => {
      const life = copyLife(setting.lives[verdict.seen]);
      const hostile = await apply(setting.ground);
      if (hostile) await lookAt(life, hostile, setting.ground.now_ms);
      const { report } = await lookAt(life, { repository: setting.ground.vendor }, setting.ground.now_ms);
      expect(report).toMatchObject({ kind: 'refused', stage: 'discover' });
    },
  );
});

test('where nothing was published yet no attack moves a device either', async () => {
  for (const { apply } of attacks) {
    const hostile = await apply({ vendor: setting.empty, past: [], now_ms: setting.ground.now_ms });
    if (!hostile) continue;
    const life = copyLife(setting.lives.all);
    const { device } = await lookAt(life, hostile, setting.ground.now_ms);
    expect(await complaints(device, life.history, newest.all)).toEqual([]);
  }
});

test('a device that runs a release which a thief has signed leaves it when its vendor takes it back', async () => {
  const { ground, lives } = setting;
  const life = copyLife(lives.all);
  const forge = await openForge(ground, 'the channel, timestamp and snapshot');
  const channel = await listForged(forge, { counter: Number.MAX_SAFE_INTEGER });
  await forge.lead('stable', channel);
  const fallen = await lookAt(life, { repository: forge.system }, ground.now_ms);
  expect(fallen.report).toMatchObject({ kind: 'updated', to: forged_version });

  const manifest_sha256 = channel.targets[`stable/simulated/${forged_version}.json`]?.hashes.sha256 ?? '';
  const stolen = ['stable', 'timestamp', 'snapshot'] as const;
  const answer = await answerOf(ground, ground.now_ms, stolen, { version: forged_version, manifest_sha256 });
  const left = await lookAt(life, { repository: answer }, ground.now_ms);
  expect(left.report).toMatchObject({ kind: 'rolled_back', to: forged_version, from: '1.3.0' });
  const healed = await lookAt(life, { repository: answer }, ground.now_ms);
  expect(healed.report).toMatchObject({ kind: 'updated', from: '1.3.0', to: '1.4.0' });
  expect(await complaints(healed.device, life.history, '1.4.0')).toEqual([]);
});

test('a look that is not attacked would have updated', async () => {
  const life = copyLife(setting.lives['all but the newest']);
  const { report } = await lookAt(life, { repository: setting.ground.vendor }, setting.ground.now_ms);
  expect(report).toMatchObject({ kind: 'updated', to: '1.3.0' });
});
