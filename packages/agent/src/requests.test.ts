import { truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Device } from './device.ts';
import { nothing } from './memory.ts';
import type { Report } from './report.ts';
import { approve, choose, explainDevice, history, postpone, status } from './requests.ts';
import { type TemporaryDevice, temporaryDevice } from './testing/temporary-device.ts';

let place: TemporaryDevice;
let device: Device;
beforeEach(async () => {
  place = await temporaryDevice();
  device = await place.open();
});
afterEach(() => place.close());

const pin = { version: '1.1.0', counter: 2, reason: 'crash loop', pinned_at: '2026-01-20T08:00:00Z' };
const at = '2026-01-20T09:00:00Z';

describe('the status', () => {
  test('of a new device is that nothing is installed, runs or was looked for', async () => {
    expect(await status(device, null)).toEqual({
      device_id: expect.stringMatching(/^device-/),
      product: 'tiny',
      agent_version: expect.any(String),
      channel: 'stable',
      installed: null,
      previous: null,
      journal: null,
      app: { kind: 'stopped' },
      pinned_out: [],
      checked_at: null,
      next_check_at: null,
    });
  });

  test('names what is installed, what is pinned out, and a damaged journal', async () => {
    const ref = (version: string) => ({ version, counter: 1, manifest_sha256: 'a'.repeat(64) });
    await device.memory.installed.write({ current: ref('1.1.0'), previous: ref('1.0.0'), backup: null, since: at });
    await device.memory.trouble.write({ pins: [pin], interruptions: [] });
    writeFileSync(device.paths.journal, '{');
    expect(await status(device, Date.parse(at))).toMatchObject({
      installed: '1.1.0',
      previous: '1.0.0',
      journal: 'damaged',
      pinned_out: [pin],
      next_check_at: '2026-01-20T09:00:00.000Z',
    });
    expect((await explainDevice(device)).join('\n')).toMatch(
      /The journal is damaged \(.*journal\.json.*\); what is installed was kept/,
    );
  });
});

describe('the explanation', () => {
  test.each([
    [{ kind: 'waiting', waits_until: at }, [`Since ${at} it waits until ${at}:`, '  the reason']],
    [{ kind: 'waiting' }, [`Since ${at} it waits:`, '  the reason']],
    [{ kind: 'blocked' }, [`It waits for a repository that it can believe, at ${at}:`, '  the reason']],
    [{ kind: 'up_to_date' }, [`It waits for the next release; it last looked at ${at}.`]],
  ] satisfies [Partial<Report>, string[]][])('ends with what it waits for: %j', async (fields, lines) => {
    await device.memory.lately.write({ ...nothing.lately, checked: reportOf(fields) });
    expect((await explainDevice(device)).slice(1)).toEqual(lines);
  });

  test('says what was updated, refused, went wrong and is pinned out, each with its reasons', async () => {
    await device.memory.trouble.write({ pins: [pin], interruptions: [] });
    await device.memory.lately.write({
      checked: null,
      updated: reportOf({ kind: 'updated', warnings: ['slow'] }),
      refused: reportOf({ kind: 'refused', stage: 'verify' }),
      went_wrong: reportOf({ kind: 'rolled_back', stage: 'validate', lost_writes: { from: at, until: at } }),
    });
    expect(await explainDevice(device)).toEqual([
      'Nothing is installed yet.',
      `Last update, at ${at}: from 1.0.0 to 1.1.0.`,
      '  the reason',
      '  warning: slow',
      `Went back from 1.1.0 to 1.0.0 at ${at}; it failed in stage validate. What was written from ${at} to ${at} was lost.`,
      '  the reason',
      `Last refusal, at ${at}, in stage verify:`,
      '  the reason',
      '1.1.0 is not tried again here since 2026-01-20T08:00:00Z; "kedge agent approve 1.1.0" lifts that.',
      'It has not looked for updates yet.',
    ]);
  });
});

describe('a person', () => {
  test('who approves a version lifts its pin, and its postponement', async () => {
    await device.memory.trouble.write({ pins: [pin], interruptions: [{ version: '1.1.0', update_id: 'one' }] });
    await postpone(device, '1.1.0', 1_000);
    await postpone(device, '1.2.0', 2_000);
    await approve(device, '1.1.0');
    expect(await device.memory.trouble.read()).toEqual({ kind: 'read', value: { pins: [], interruptions: [] } });
    expect(await device.memory.owner.read()).toMatchObject({
      value: {
        consents: [
          { kind: 'postponed', version: '1.2.0', until_ms: 2_000 },
          { kind: 'approved', version: '1.1.0' },
        ],
      },
    });
  });

  test('who chooses a channel is heard above the configuration, until it is chosen again, also after a restart', async () => {
    expect(await choose(device, 'beta')).toBe('beta');
    expect((await status(await place.open(), null)).channel).toBe('beta');
    expect(await choose(device, null)).toBe('stable');
  });

  test('finds each word in the history, the newest last, even where a line was torn', async () => {
    await choose(device, 'beta');
    await postpone(device, '1.1.0', 1_000);
    expect((await history(device, 10)).map(({ event }) => event)).toEqual(['channel', 'postponed']);
    expect((await history(device, 1)).map(({ event }) => event)).toEqual(['postponed']);
    truncateSync(device.paths.log, 40);
    expect(await history(device, 10)).toEqual([]);
  });
});

function reportOf(fields: Partial<Report>): Report {
  return {
    id: 'report-1',
    device_id: 'device-1',
    product: 'tiny',
    at,
    kind: 'updated',
    from: '1.0.0',
    to: '1.1.0',
    stage: 'commit',
    reasons: ['the reason'],
    obstacle: null,
    warnings: [],
    lost_writes: null,
    waits_until: null,
    fetched_bytes: 0,
    stages: [],
    ...fields,
  };
}
