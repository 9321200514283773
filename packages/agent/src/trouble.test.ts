import type { Failure, UpdateInFlight } from '@kedge/core/journal';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Device } from './device.ts';
import { nothing, recall } from './memory.ts';
import { type TemporaryDevice, temporaryDevice } from './testing/temporary-device.ts';
import { forgive, noteTrouble } from './trouble.ts';

let place: TemporaryDevice;
let device: Device;
beforeEach(async () => {
  place = await temporaryDevice();
  device = await place.open();
});
afterEach(() => place.close());

const pinned = async () => (await recall(device.memory.trouble, nothing.trouble)).pins.map(({ version }) => version);

describe('a version is pinned out', () => {
  test.each(['release', 'person'] as const)('at once when it was the fault of a %s', async (fault) => {
    await noteTrouble(device, updateTo('1.1.0', 'one'), failure(fault));
    expect(await pinned()).toEqual(['1.1.0']);
  });

  test.each(['device', 'vendor'] as const)('never for the fault of a %s', async (fault) => {
    for (const id of ['one', 'two', 'three']) await noteTrouble(device, updateTo('1.1.0', id), failure(fault));
    expect(await pinned()).toEqual([]);
  });

  test('at the third interruption, and one that is noted again is one', async () => {
    for (const id of ['one', 'two', 'two', 'two']) {
      await noteTrouble(device, updateTo('1.1.0', id), failure('interrupted'));
    }
    await noteTrouble(device, updateTo('1.2.0', 'other'), failure('interrupted'));
    expect(await pinned()).toEqual([]);
    await noteTrouble(device, updateTo('1.1.0', 'three'), failure('interrupted'));
    expect(await pinned()).toEqual(['1.1.0']);
  });

  test('once, beside the others, until a person forgives it', async () => {
    for (const version of ['1.1.0', '1.2.0', '1.1.0']) {
      await noteTrouble(device, updateTo(version, version), failure('release'));
    }
    expect(await pinned()).toEqual(['1.2.0', '1.1.0']);
    await forgive(device, '1.2.0');
    expect(await pinned()).toEqual(['1.1.0']);
  });
});

function updateTo(version: string, id: string): UpdateInFlight {
  const to = { version, counter: Number(version.split('.')[1]), manifest_sha256: '0'.repeat(64) };
  return { id, started_at: '2026-01-20T08:00:00Z', from: null, to, backup: null };
}

function failure(fault: Failure['fault']): Failure {
  return { failed_in: 'VALIDATING', reason: 'it is ill', fault };
}
