import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nothing, openMemory, recall } from './memory.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => openMemory({ disk: nodeDisk, sha256 }, folder);
const pin = { version: '1.1.0', counter: 2, reason: 'crash loop', pinned_at: '2026-01-20T08:00:00Z' };

describe('the memory', () => {
  test('of a new device holds nothing', async () => {
    const { installed, owner, trouble, lately } = open();
    expect(await installed.read()).toEqual({ kind: 'absent' });
    expect(await recall(owner, nothing.owner)).toEqual({ channel: null, consents: [] });
    expect(await recall(trouble, nothing.trouble)).toEqual({ pins: [], interruptions: [] });
    expect(await recall(lately, nothing.lately)).toEqual({
      checked: null,
      updated: null,
      refused: null,
      went_wrong: null,
    });
  });

  test('outlives a restart, in one file for each matter', async () => {
    const { owner, trouble } = open();
    const word = { kind: 'approved', version: '1.1.0' } as const;
    await owner.write({ channel: 'beta', consents: [word] });
    await trouble.write({ pins: [pin], interruptions: [{ version: '1.1.0', update_id: 'one' }] });
    expect(await recall(open().owner, nothing.owner)).toEqual({ channel: 'beta', consents: [word] });
    expect(await recall(open().trouble, nothing.trouble)).toMatchObject({
      pins: [pin],
      interruptions: [{ update_id: 'one' }],
    });
    expect(readdirSync(folder)).toEqual(['owner.json', 'trouble.json']);
  });

  test('that is damaged counts as empty, and one damaged file harms no other', async () => {
    await open().owner.write({ channel: 'beta', consents: [] });
    await open().trouble.write({ pins: [pin], interruptions: [] });
    truncateSync(join(folder, 'owner.json'), 20);
    expect(await recall(open().owner, nothing.owner)).toEqual(nothing.owner);
    expect(await recall(open().trouble, nothing.trouble)).toMatchObject({ pins: [pin] });
  });
});
