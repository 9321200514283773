import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { integer, object, text } from '@kedge/core/parse';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stateFile } from './state-file.ts';

const ports = { disk: nodeDisk, sha256 };
const content = object({ name: text(), count: integer({ min: 0 }) });
const value = { name: 'anchor', count: 3 };

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kedge-state-'));
  path = join(folder, 'state.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => stateFile(ports, path, 'kedge-sample/1', content);

describe('a state file', () => {
  test('gives back what was written, to the next start as well, and is for the agent alone', async () => {
    await open().write(value);
    expect(await open().read()).toEqual({ kind: 'read', value });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('is absent before it is written', async () => {
    expect(await open().read()).toEqual({ kind: 'absent' });
  });

  test('loses nothing of changes that are asked for at once', async () => {
    const file = open();
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(
      names.map((name) =>
        file.change({ name: '', count: 0 }, (before) => ({ name: before.name + name, count: before.count + 1 })),
      ),
    );
    expect(await file.read()).toEqual({ kind: 'read', value: { name: 'abcd', count: 4 } });
  });

  test('changes from what it is told to take where nothing can be read', async () => {
    writeFileSync(path, 'half');
    expect(await open().change(value, (before) => ({ ...before, count: before.count + 1 }))).toEqual({
      ...value,
      count: 4,
    });
    expect(await open().read()).toMatchObject({ kind: 'read', value: { count: 4 } });
  });

  test('can be read with cat', async () => {
    await open().write(value);
    expect(readFileSync(path, 'utf8')).toMatch(
      /"format": "kedge-sample\/1",\n "checksum": "[0-9a-f]{64}",\n "content": \{\n {2}"name": "anchor"/,
    );
  });

  test('cut off at any byte is damaged, never another value', async () => {
    await open().write(value);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length - 1; length += 1) {
      writeFileSync(path, whole.subarray(0, length));
      expect(await open().read()).toMatchObject({ kind: 'damaged', problem: expect.stringContaining(path) });
    }
  });

  test('with any one byte changed is damaged, never another value', async () => {
    await open().write(value);
    const whole = readFileSync(path);
    for (let index = 0; index < whole.length; index += 1) {
      const changed = Buffer.from(whole);
      changed[index] = (changed[index] ?? 0) ^ 1;
      writeFileSync(path, changed);
      const reading = await open().read();
      if (reading.kind === 'read') expect(reading.value).toEqual(value);
      else expect(reading.kind).toBe('damaged');
    }
  });

  test('of another format is damaged, and says which one it should be', async () => {
    await stateFile(ports, path, 'kedge-sample/2', content).write(value);
    expect(await open().read()).toEqual({
      kind: 'damaged',
      problem: expect.stringMatching(/format: must be one of kedge-sample\/1, got "kedge-sample\/2"$/),
    });
  });

  test('whose content no longer fits is damaged, and names the field', async () => {
    await stateFile(ports, path, 'kedge-sample/1', object({ name: text() })).write({ name: 'anchor' });
    expect(await open().read()).toEqual({
      kind: 'damaged',
      problem: expect.stringMatching(/content\.count: is missing$/),
    });
  });
});
