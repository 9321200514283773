/** What a file may hold after a power cut: from nothing of what was written since the last fsync to all of it. */

import { digestOfContent } from './digest.ts';
import { type FileNode, sector_bytes, type Written } from './model.ts';

/** Of the places where a write may be torn; more of them are sampled evenly. */
const tears_max = 8;
const holes_max = 8;

/** The first is what is durable, the last is what a reader saw. One alone: nothing can be lost. */
export function contentsAfterCut(file: FileNode): readonly Uint8Array[] {
  const before = known.get(file);
  if (before) return before;
  const contents = distinct([file.durable.content, ...between(file), file.content]);
  known.set(file, contents);
  return contents;
}

/** A file that is in many states falls in the same way in each of them. */
const known = new WeakMap<FileNode, readonly Uint8Array[]>();

function between(file: FileNode): readonly Uint8Array[] {
  const { content, durable, emptied, writes } = file;
  const length = content.length;
  const kept_bytes = emptied ? 0 : durable.content.length;
  const contents: Uint8Array[] = [];
  if (emptied) contents.push(new Uint8Array(0), over(durable.content, content));
  if (writes.length === 0) return contents;
  contents.push(upTo(content, kept_bytes, length));
  for (const tear of evenly(tearsOf(writes), tears_max))
    contents.push(content.slice(0, tear), upTo(content, tear, length));
  for (const write of evenly(writes.slice(0, -1), holes_max)) contents.push(without(content, write));
  return contents;
}

/** The end of each write but the last, and the sector ends inside of each: the first, the middle one and the last. */
function tearsOf(writes: readonly Written[]): readonly number[] {
  const tears = new Set<number>();
  for (const { from, until } of writes) {
    const sectors: number[] = [];
    for (let end = (Math.floor(from / sector_bytes) + 1) * sector_bytes; end < until; end += sector_bytes)
      sectors.push(end);
    for (const end of evenly(sectors, 3)) tears.add(end);
    tears.add(until);
  }
  tears.delete(writes.at(-1)?.until ?? 0);
  return [...tears];
}

/** The file is as long as it was to be, and the rest of its blocks were not written. */
function upTo(content: Uint8Array, end: number, length: number): Uint8Array {
  const torn = new Uint8Array(length);
  torn.set(content.subarray(0, end));
  return torn;
}

function without(content: Uint8Array, { from, until }: Written): Uint8Array {
  return content.slice().fill(0, from, until);
}

/** The emptying did not survive, and what was written after it did. */
function over(below: Uint8Array, content: Uint8Array): Uint8Array {
  const mixed = new Uint8Array(Math.max(below.length, content.length));
  mixed.set(below);
  mixed.set(content);
  return mixed;
}

/** At most so many of them, with the first and the last. */
function evenly<T>(all: readonly T[], count_max: number): readonly T[] {
  if (all.length <= count_max) return all;
  const step = (all.length - 1) / (count_max - 1);
  return Array.from({ length: count_max }, (_, index) => all[Math.round(index * step)]).filter(
    (one) => one !== undefined,
  );
}

/** The last of each kind stays, so that all of it is at the end. */
function distinct(contents: readonly Uint8Array[]): readonly Uint8Array[] {
  const [durable, ...others] = contents;
  const byDigest = new Map(others.map((content) => [digestOfContent(content), content]));
  if (!durable) return [];
  const whole = others.at(-1) ?? durable;
  byDigest.delete(digestOfContent(durable));
  byDigest.delete(digestOfContent(whole));
  if (digestOfContent(whole) === digestOfContent(durable)) return [durable, ...byDigest.values()];
  return [durable, ...byDigest.values(), whole];
}
