import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgent } from '@kedge/agent/agent';
import type { JournalState } from '@kedge/core/journal';
import { nodeDisk } from '@kedge/trust/os/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cuttableDisk } from '../testing/cuttable-disk.ts';
import { type Owner, ownerOfInstalled } from './testing/owner.ts';

let owner: Owner;
let journal: string;
beforeEach(async () => {
  owner = await ownerOfInstalled();
  journal = join(owner.world.device_folder, 'state/journal.json');
});
afterEach(() => owner.close());

test('a half-written journal at rest is told in one line and changes nothing', async () => {
  truncateSync(journal, Math.floor(statSync(journal).size / 2));
  const { code, out } = await owner.kedge('explain');
  expect(code).toBe(0);
  expect(out).toContainEqual(
    `The journal is damaged (${journal}: file: is not JSON); what is installed was kept. The next update writes it anew.`,
  );
  await owner.expectNothingLost();
  expect((await owner.kedge('explain')).out.join()).not.toContain('damaged');
});

describe('a journal that is damaged while an update is in flight', () => {
  const damages: readonly (readonly [string, JournalState, (text: string) => string])[] = [
    ['is half', 'MIGRATED', (text) => text.slice(0, text.length / 2)],
    ['is zeros', 'SWITCHED', (text) => '\0'.repeat(text.length)],
    ['is of a later format', 'STAGED', (text) => text.replace('kedge-journal/1', 'kedge-journal/9')],
    ['was changed by hand', 'MIGRATING', (text) => text.replace('1.1.0', '1.0.0')],
  ];
  test.each(damages)('leads back to the old version with its data when it %s, in %s', async (_, state, damage) => {
    const { world } = owner;
    await world.publish({ version: '1.1.0', counter: 2 });
    const cut = await world.boot({ disk: cuttableDisk(nodeDisk, state) });
    const update = createAgent(cut.device);
    await update.recover();
    await expect(update.check({ kind: 'asked', wanted: null })).rejects.toThrow(/power|stage/);
    await cut.cutPower();
    writeFileSync(journal, damage(readFileSync(journal, 'utf8')));
    const { device, events, cutPower } = await world.boot();
    await createAgent(device).recover();
    const reports = events.flatMap((event) => (event.kind === 'report' ? [event.report] : []));
    expect(reports).toMatchObject([{ kind: 'rolled_back', from: '1.0.0', to: '1.1.0' }]);
    expect(reports[0]?.reasons[0]).toContain(journal);
    await owner.expectWorking('1.0.0');
    await device.log.close();
    await cutPower();
    await owner.expectNextInstalled();
  });
});
