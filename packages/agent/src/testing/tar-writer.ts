/** Tars and zstd frames made by hand, honest or as hostile as the bytes allow. */

import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import type { Artifact } from '@kedge/core/manifest';
import { type TreeEntry, treeDigest } from '@kedge/core/tree';
import { sha256 } from '@kedge/trust/os/sha256';

/** Each field as it goes into the header: a text in UTF-8, a number in octal, bytes as they are. */
export type RawEntry = {
  readonly name: string | Uint8Array;
  readonly type?: string;
  readonly mode?: number | Uint8Array;
  /** That of the content, unless the header is to lie. */
  readonly size?: number | Uint8Array;
  readonly linkname?: string | Uint8Array;
  readonly prefix?: string;
  readonly magic?: string;
  /** Added to the right one. */
  readonly checksum_error?: number;
  readonly content?: string | Uint8Array;
};

/** A header and, padded, its content. */
export function entry(raw: RawEntry): Buffer {
  const content = Buffer.from(raw.content ?? '');
  const header = Buffer.alloc(512);
  const put = (value: string | Uint8Array, at: number, length: number) =>
    header.set(bytesOf(value).subarray(0, length), at);
  const octal = (value: number | Uint8Array, digits: number) =>
    typeof value === 'number' ? value.toString(8).padStart(digits, '0') : value;
  put(raw.name, 0, 100);
  put(octal(raw.mode ?? 0o644, 7), 100, 8);
  put(octal(raw.size ?? content.length, 11), 124, 12);
  put(raw.type ?? '0', 156, 1);
  put(raw.linkname ?? '', 157, 100);
  put(raw.magic ?? 'ustar\x0000', 257, 8);
  put(raw.prefix ?? '', 345, 155);
  put(' '.repeat(8), 148, 8);
  let sum = raw.checksum_error ?? 0;
  for (const byte of header) sum += byte;
  put(octal(sum, 6), 148, 6);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** A pax header before the next entry. */
export function pax(...records: readonly (readonly [key: string, value: string | Uint8Array])[]): Buffer {
  return entry({ name: 'PaxHeader', type: 'x', content: Buffer.concat(records.map(paxRecord)) });
}

function paxRecord([key, value]: readonly [string, string | Uint8Array]): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), bytesOf(value), Buffer.from('\n')]);
  let length = rest.length;
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
  return Buffer.concat([Buffer.from(`${length}`), rest]);
}

export const file = (name: string | Uint8Array, content: string | Uint8Array = 'x', mode = 0o644): Buffer =>
  entry({ name, content, mode });
export const folder = (name: string, mode = 0o755): Buffer => entry({ name, type: '5', mode });
export const link = (name: string, linkname: string): Buffer => entry({ name, type: '2', linkname, mode: 0o777 });
export const end = Buffer.alloc(1024);

/** With its end. */
export function tarOf(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...parts, end]);
}

/** What the manifest of a vendor who means harm says of an archive: whatever lets most of it through. */
export function claimed(compressed: Uint8Array, claims: Partial<Artifact> = {}): Artifact {
  return {
    platform: 'linux-x64',
    sha256: createHash('sha256').update(compressed).digest('hex'),
    length_bytes: compressed.length,
    unpacked_bytes: 1_000_000,
    entry_count: 100,
    tree_sha256: '0'.repeat(64),
    ...claims,
  };
}

export type HonestEntry =
  | { readonly kind: 'file'; readonly path: string; readonly content: string; readonly executable?: boolean }
  | Extract<TreeEntry, { kind: 'folder' | 'symlink' }>;

export type HonestRelease = {
  readonly artifact: Artifact;
  readonly tar: Buffer;
  /** The archive, as it is read from a disk. */
  bytes(): AsyncIterable<Uint8Array>;
};

/** The archive of these entries, which are in order, and what an honest manifest says of it. */
export function honest(entries: readonly HonestEntry[]): HonestRelease {
  const tar = tarOf(...entries.map(packed));
  const compressed = zstdCompressSync(tar);
  const unpacked_bytes = entries.reduce((sum, one) => sum + (one.kind === 'file' ? one.content.length : 0), 0);
  const tree_sha256 = treeDigest(entries.map(treeEntry), sha256);
  const artifact = claimed(compressed, { unpacked_bytes, entry_count: entries.length, tree_sha256 });
  return { artifact, tar, bytes: () => inPieces(compressed) };
}

export async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

function packed(one: HonestEntry): Buffer {
  if (one.kind === 'folder') return folder(one.path);
  if (one.kind === 'symlink') return link(one.path, one.target);
  return file(one.path, one.content, one.executable ? 0o755 : 0o644);
}

function treeEntry(one: HonestEntry): TreeEntry {
  if (one.kind !== 'file') return one;
  const { kind, path, content, executable = false } = one;
  const digest = createHash('sha256').update(content).digest('hex');
  return { kind, path, executable, size_bytes: Buffer.byteLength(content), sha256: digest };
}

/** So many zeros as a frame of zstd that is 30,000 times smaller. */
export const zerosFrame = (length_bytes: number): Buffer => zerosAfter(Buffer.alloc(0), length_bytes);

/** The same with something before them. Of RFC 8878: a block is as it is, or one byte and how often it comes. */
export function zerosAfter(first: Uint8Array, length_bytes: number): Buffer {
  const block_bytes = 128 * 1024;
  const zeros = Buffer.alloc(4 * Math.ceil(length_bytes / block_bytes));
  for (let at = 0; at < zeros.length; at += 4) {
    const left_bytes = length_bytes - (at / 4) * block_bytes;
    zeros.writeUIntLE((Math.min(left_bytes, block_bytes) << 3) | 0b010 | (left_bytes <= block_bytes ? 1 : 0), at, 3);
  }
  const raw = Buffer.alloc(3);
  raw.writeUIntLE(first.length << 3, 0, 3);
  return Buffer.concat([frameHeader(0, 17), raw, first, zeros]);
}

/** @param flags of the frame's descriptor. @param window_log of its window's size in bytes */
export function frameHeader(flags: number, window_log: number, ...more: readonly number[]): Buffer {
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, flags, (window_log - 10) << 3, ...more]);
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value;
}
