import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Disk } from '@kedge/core/ports';
import { nodeDisk } from '@kedge/trust/os/disk';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLog, readLog, verifyLog } from './log.ts';
import { fakeClock } from './testing/fake-clock.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kedge-log-'));
  path = join(folder, 'log', 'events.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const clock = fakeClock();
const open = (disk: Disk = nodeDisk) => openLog({ disk, sha256, clock, path });
const read = (count_max = 100) => readLog({ disk: nodeDisk, sha256, path }, count_max);
const verify = () => verifyLog({ disk: nodeDisk, sha256, path });

async function write(...events: readonly string[]): Promise<void> {
  const log = await open();
  for (const event of events) await log.append(event, { version: '2.6.0' });
  await log.sync();
  await log.close();
}

describe('the log', () => {
  test('gives back its newest lines, the oldest of them first', async () => {
    await write('look', 'staged', 'switched');
    expect(await read(2)).toEqual([
      { seq: 2, at: '2026-01-20T08:00:00.000Z', event: 'staged', fields: { version: '2.6.0' } },
      { seq: 3, at: '2026-01-20T08:00:00.000Z', event: 'switched', fields: { version: '2.6.0' } },
    ]);
    expect(await verify()).toEqual({ kind: 'intact', line_count: 3 });
  });

  test('goes on with its chain when it is opened again', async () => {
    await write('a');
    await write('b');
    expect((await read()).map(({ seq, event }) => [seq, event])).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(await verify()).toEqual({ kind: 'intact', line_count: 2 });
  });

  test('keeps the order of calls that do not wait for each other', async () => {
    const log = await open();
    await Promise.all(Array.from({ length: 50 }, (_, index) => log.append(`event-${index}`, {})));
    await log.close();
    expect((await read()).map(({ event }) => event)).toEqual(
      Array.from({ length: 50 }, (_, index) => `event-${index}`),
    );
    expect((await verify()).kind).toBe('intact');
  });

  test('refuses a field that has the name of one of its own, and writes nothing', async () => {
    const log = await open();
    await expect(log.append('a', { seq: 7 })).rejects.toThrow(/"seq"/);
    await log.append('b', {});
    await log.close();
    expect((await read()).map(({ event }) => event)).toEqual(['b']);
  });
});

describe('a power cut', () => {
  test('at each byte of the last line leaves the lines before it, and is noted', async () => {
    await write('a', 'b', 'c');
    const whole = await readFile(path);
    const start = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (const end of [start + 1, start + 40, whole.length - 2, whole.length - 1]) {
      await writeFile(path, whole.subarray(0, end));
      await write('d');
      const lines = await read();
      expect(lines.map(({ event }) => event)).toEqual(['a', 'b', 'log_cut', 'd']);
      expect(lines[2]?.fields).toEqual({ cut_bytes: end - start });
      expect(await verify()).toEqual({ kind: 'intact', line_count: 4 });
    }
  });

  test('that leaves zeros at the end costs only those', async () => {
    await write('a');
    await appendFile(path, Buffer.concat([Buffer.alloc(100), Buffer.from('\n\n'), Buffer.alloc(100)]));
    await write('b');
    expect((await read()).map(({ event }) => event)).toEqual(['a', 'log_cut', 'b']);
  });

  test('that leaves nothing but rubbish begins the file anew', async () => {
    for (const rubbish of ['\n', '\n\n', 'x', '{"seq":1}\n']) {
      await write();
      await writeFile(path, rubbish);
      await write('b');
      expect((await read()).map(({ event }) => event)).toEqual(['log_cut', 'b']);
      expect((await verify()).kind).toBe('intact');
    }
  });
});

test('half a line left by a full disk is cut off by the next call', async () => {
  const log = await open(fullAfter(2));
  await log.append('a', {});
  await log.append('b', {});
  await expect(log.append('c', {})).rejects.toMatchObject({ code: 'ENOSPC' });
  await log.append('d', {});
  await log.close();
  expect((await read()).map(({ event }) => event)).toEqual(['a', 'b', 'log_cut', 'd']);
  expect((await verify()).kind).toBe('intact');
});

describe('verifyLog', () => {
  test('says at which line the chain breaks', async () => {
    await write('a', 'b', 'c', 'd');
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    const verdict = async (changed: readonly (string | undefined)[]) => {
      await writeFile(path, `${changed.join('\n')}\n`);
      return verify();
    };
    const [a, b, c, d] = lines;
    expect(await verdict([a, b?.replace('"b"', '"x"'), c, d])).toMatchObject({ kind: 'broken', line: 2 });
    expect(await verdict([a, b, d])).toMatchObject({
      file: path,
      line: 3,
      problem: 'follows 2, but is 4: lines are missing or moved',
    });
    expect(await verdict([a, c, b, d])).toMatchObject({ kind: 'broken', line: 2 });
    expect(await verdict([a, b, c, d, d])).toMatchObject({ kind: 'broken', line: 5 });
    expect(await verdict(['{}', b])).toMatchObject({ kind: 'broken', line: 1 });
    expect(await verdict([a, b, c, d])).toEqual({ kind: 'intact', line_count: 4 });
  });

  test('finds a line that was replaced with a well-made one of another log', async () => {
    await write('a', 'b');
    const [, b] = (await readFile(path, 'utf8')).split('\n');
    await rm(path);
    await write('x', 'y');
    const [x] = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, `${x}\n${b}\n`);
    expect(await verify()).toMatchObject({ line: 2, problem: 'does not carry the hash of the line before it' });
  });
});

describe('rotation', () => {
  test('keeps four files of 4 MB with one chain across them', async () => {
    const log = await open();
    for (let index = 0; index < 24; index += 1) await log.append('big', { index, text: 'x'.repeat(1_000_000) });
    await log.close();
    expect(await readdir(join(folder, 'log'))).toEqual(['events.jsonl', ...[1, 2, 3].map((n) => `events.jsonl.${n}`)]);
    expect((await stat(`${path}.3`)).size).toBeLessThanOrEqual(4 * 1024 * 1024);
    const lines = await read();
    expect(lines.at(-1)?.seq).toBe(24);
    expect(await verify()).toEqual({ kind: 'intact', line_count: lines.length });
    await rm(`${path}.1`);
    expect(await verify()).toMatchObject({ kind: 'broken', file: path, line: 1 });
  });

  test('that was cut off before the new file began goes on from the old one', async () => {
    await write('a');
    await nodeDisk.rename(path, `${path}.1`);
    await write('b');
    expect(await verify()).toEqual({ kind: 'intact', line_count: 2 });
    await truncate(path, 0);
    await write('c');
    expect(await verify()).toEqual({ kind: 'intact', line_count: 2 });
  });
});

/** A disk that has room for that many writes and half of the next; then space is made. */
function fullAfter(writes: number): Disk {
  let left = writes;
  return {
    ...nodeDisk,
    async open(path, how, mode) {
      const writer = await nodeDisk.open(path, how, mode);
      return {
        ...writer,
        async write(bytes) {
          left -= 1;
          if (left !== -1) return writer.write(bytes);
          await writer.write(bytes.subarray(0, bytes.length / 2));
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        },
      };
    },
  };
}
