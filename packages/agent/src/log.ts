/**
 * The device's own log: JSON lines, append-only, each with the hash of the one before, so that a line that was changed
 * or taken out is found. Four files are kept, `PATH` and the older `PATH.1` to `PATH.3`; the chain goes on across them.
 *
 *   {"seq":7,"at":"2026-01-20T08:00:00.000Z","event":"look","occasion":"nudge","prev":"<hash of 6>","hash":"<64 hex>"}
 *
 * `hash` is the SHA-256 of the line's own bytes without `,"hash":"..."`, so it does not depend on how JSON is written.
 */

import { digestOfText } from '@kedge/core/digest';
import { sha256Hex } from '@kedge/core/manifest';
import { anything, InvalidInput, integer, parseJson, table, text } from '@kedge/core/parse';
import type { Clock, Disk, DiskWriter, Sha256 } from '@kedge/core/ports';
import { makeFolderDurable, parentOf, writeAtomic } from '@kedge/trust/atomic-file';
import { oneAtATime } from './one-at-a-time.ts';

export type Fields = { readonly [name: string]: unknown };

export type Log = {
  /** In the order of the calls. Not durable before `sync`. @throws when a field has the name of one of the log's own */
  append(event: string, fields: Fields): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
};

export type LogPorts = {
  readonly disk: Disk;
  readonly sha256: Sha256;
  readonly clock: Clock;
  /** Absolute. */
  readonly path: string;
};

const file_bytes_max = 4 * 1024 * 1024;
const file_count = 4;
/** The first line's `prev`. */
const genesis = '0'.repeat(64);

/** Opens the log, or makes it. Half a line at its end, left by a power cut, is cut off, which the log then says. */
export async function openLog(ports: LogPorts): Promise<Log> {
  let tail: Tail | undefined = await openTail(ports);
  const inTurn = oneAtATime();

  return {
    append: (event, fields) =>
      inTurn(async () => {
        const open = tail ?? (await openTail(ports));
        tail = open;
        const sealed = seal(ports, open, event, fields);
        // After an error nobody knows how much of the line is there: the next call opens the file anew and looks.
        tail = undefined;
        tail = await write(ports, open, sealed);
      }),
    sync: () => inTurn(async () => tail?.writer.sync()),
    close: () =>
      inTurn(async () => {
        await tail?.writer.close();
        tail = undefined;
      }),
  };
}

export type LogLine = { readonly seq: number; readonly at: string; readonly event: string; readonly fields: Fields };

/** The newest lines, the oldest of them first. What is no line is left out: `verifyLog` tells of it. */
export async function readLog(
  { disk, sha256, path }: Omit<LogPorts, 'clock'>,
  count_max: number,
): Promise<readonly LogLine[]> {
  const found: LogLine[] = [];
  for (const file of newestFirst(path)) {
    for (const line of splitLines(await readFile(disk, file)).toReversed()) {
      if (found.length >= count_max) return found.toReversed();
      const sealed = unseal(sha256, line);
      if (sealed.kind === 'line') found.push(sealed.line);
    }
  }
  return found.toReversed();
}

export type Verdict =
  | { readonly kind: 'intact'; readonly line_count: number }
  /** `line` counts from 1 within `file`. */
  | { readonly kind: 'broken'; readonly file: string; readonly line: number; readonly problem: string };

/** Whether the chain holds, from the oldest line that is kept. Lines taken from its end cannot be missed here. */
export async function verifyLog({ disk, sha256, path }: Omit<LogPorts, 'clock'>): Promise<Verdict> {
  let before: { readonly seq: number; readonly hash: string } | undefined;
  let line_count = 0;
  for (const file of newestFirst(path).toReversed()) {
    for (const [index, line] of splitLines(await readFile(disk, file)).entries()) {
      const broken = (problem: string): Verdict => ({ kind: 'broken', file, line: index + 1, problem });
      const sealed = unseal(sha256, line);
      if (sealed.kind === 'damaged') return broken(sealed.problem);
      const { seq } = sealed.line;
      const expected = before ?? (seq === 1 ? { seq: 0, hash: genesis } : { seq: seq - 1, hash: sealed.prev });
      if (seq !== expected.seq + 1) return broken(`follows ${expected.seq}, but is ${seq}: lines are missing or moved`);
      if (sealed.prev !== expected.hash) return broken('does not carry the hash of the line before it');
      before = { seq, hash: sealed.hash };
      line_count += 1;
    }
  }
  return { kind: 'intact', line_count };
}

/** The open file, and the last line of the chain. */
type Tail = {
  readonly writer: DiskWriter;
  readonly size_bytes: number;
  readonly seq: number;
  readonly hash: string;
};

async function openTail(ports: LogPorts): Promise<Tail> {
  const { disk, path } = ports;
  await makeFolderDurable(disk, parentOf(path));
  const bytes = await readFile(disk, path);
  const whole_bytes = wholeLength(ports.sha256, bytes);
  if (whole_bytes < bytes.length) await writeAtomic(disk, path, bytes.subarray(0, whole_bytes), 0o600);
  const last = await lastSealed(ports);
  const writer = await disk.open(path, 'append', 0o600);
  await disk.syncFolder(parentOf(path));
  const tail = { writer, size_bytes: whole_bytes, seq: last?.line.seq ?? 0, hash: last?.hash ?? genesis };
  if (whole_bytes === bytes.length) return tail;
  return write(ports, tail, seal(ports, tail, 'log_cut', { cut_bytes: bytes.length - whole_bytes }));
}

async function write(ports: LogPorts, open: Tail, { line, hash }: NewLine): Promise<Tail> {
  const isFull = open.size_bytes > 0 && open.size_bytes + line.length > file_bytes_max;
  const tail = isFull ? await rotate(ports, open) : open;
  try {
    await tail.writer.write(line);
  } catch (error) {
    await tail.writer.close();
    throw error;
  }
  return { writer: tail.writer, size_bytes: tail.size_bytes + line.length, seq: tail.seq + 1, hash };
}

async function rotate({ disk, path }: LogPorts, tail: Tail): Promise<Tail> {
  try {
    await tail.writer.sync();
  } finally {
    await tail.writer.close();
  }
  const files = newestFirst(path).toReversed();
  for (const [index, older] of files.entries()) {
    const newer = files[index + 1];
    // A cut in an earlier rotation may have left a gap.
    if (newer !== undefined && (await disk.stat(newer))) await disk.rename(newer, older);
  }
  const writer = await disk.open(path, 'new', 0o600);
  await disk.syncFolder(parentOf(path));
  return { ...tail, writer, size_bytes: 0 };
}

const reserved = new Set(['seq', 'at', 'event', 'prev', 'hash']);

type NewLine = { readonly line: Uint8Array; readonly hash: string };

function seal({ sha256, clock }: LogPorts, tail: Tail, event: string, fields: Fields): NewLine {
  const taken = Object.keys(fields).find((name) => reserved.has(name));
  if (taken !== undefined) throw new TypeError(`"${taken}" is a field of the log itself; name this one otherwise`);
  const at = new Date(clock.now_ms()).toISOString();
  const body = JSON.stringify({ seq: tail.seq + 1, at, event, ...fields, prev: tail.hash });
  const hash = digestOfText(sha256, body);
  return { line: new TextEncoder().encode(`${body.slice(0, -1)},"hash":"${hash}"}\n`), hash };
}

type Sealed =
  | { readonly kind: 'line'; readonly line: LogLine; readonly prev: string; readonly hash: string }
  | { readonly kind: 'damaged'; readonly problem: string };

const anyFields = table(text(), anything);

function unseal(sha256: Sha256, written: string): Sealed {
  const [, open, hash] = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/.exec(written) ?? [];
  if (open === undefined || hash === undefined) return { kind: 'damaged', problem: 'is not a whole line of the log' };
  const body = `${open}}`;
  if (digestOfText(sha256, body) !== hash) return { kind: 'damaged', problem: 'was changed: its hash is another' };
  try {
    const { seq, at, event, prev, ...fields } = parseJson(anyFields, body, 'line');
    const line = {
      seq: integer({ min: 1 }).parse(seq, 'seq'),
      at: text().parse(at, 'at'),
      event: text().parse(event, 'event'),
      fields,
    };
    return { kind: 'line', line, prev: sha256Hex.parse(prev, 'prev'), hash };
  } catch (error) {
    if (error instanceof InvalidInput) return { kind: 'damaged', problem: error.message };
    throw error;
  }
}

/** How many bytes, from the beginning, end with a whole line. */
function wholeLength(sha256: Sha256, bytes: Uint8Array): number {
  let end = bytes.lastIndexOf(newline) + 1;
  while (end > 0) {
    const start = bytes.subarray(0, end - 1).lastIndexOf(newline) + 1;
    const line = new TextDecoder().decode(bytes.subarray(start, end - 1));
    if (unseal(sha256, line).kind === 'line') return end;
    end = start;
  }
  return 0;
}

const newline = 10;

async function lastSealed({ disk, sha256, path }: LogPorts): Promise<Extract<Sealed, { kind: 'line' }> | undefined> {
  for (const file of newestFirst(path)) {
    for (const line of splitLines(await readFile(disk, file)).toReversed()) {
      const sealed = unseal(sha256, line);
      if (sealed.kind === 'line') return sealed;
    }
  }
  return undefined;
}

function newestFirst(path: string): readonly string[] {
  return Array.from({ length: file_count }, (_, age) => (age === 0 ? path : `${path}.${age}`));
}

async function readFile(disk: Disk, path: string): Promise<Uint8Array> {
  return (await disk.read(path, 16 * file_bytes_max)) ?? new Uint8Array();
}

/** What follows the last line's end is a line as well, a torn one. */
function splitLines(bytes: Uint8Array): readonly string[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
