/** One header of a tar: the block that stands before an entry's content, and the long names that may stand before it. */

import { HostileArchive } from './hostile-archive.ts';

export const block_bytes = 512;

/** `long names`: its content, of `size_bytes`, names the entry whose header comes next. */
export type TarHeader = {
  readonly type: 'file' | 'folder' | 'symlink';
  readonly path: string;
  readonly mode: number;
  readonly size_bytes: number;
  /** Empty where it is no symlink. */
  readonly target: string;
};

type AnyHeader = TarHeader | (Omit<TarHeader, 'type'> & { readonly type: 'long names' });

/** Where each field stands in the block, and how long it is. */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkname: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const;

const types: { readonly [flag: string]: AnyHeader['type'] | undefined } = {
  '0': 'file',
  '2': 'symlink',
  '5': 'folder',
  x: 'long names',
};

/** What a refused one is called. */
const refusedTypes: { readonly [flag: string]: string | undefined } = {
  '\0': 'file of an ancient tar',
  '1': 'hard link',
  '3': 'character device',
  '4': 'block device',
  '6': 'fifo',
  '7': 'contiguous file',
  D: 'GNU folder listing',
  g: 'header for all entries after it',
  K: 'GNU long link name',
  L: 'GNU long name',
  M: 'part of a file of several volumes',
  N: 'GNU long name of old',
  S: 'sparse file',
  V: 'volume name',
  X: 'pax header of old',
};

/** @throws HostileArchive */
export function parseHeader(block: Uint8Array): AnyHeader {
  if (sumOf(block) !== octal(block, 'checksum')) throw new HostileArchive(null, 'has a header with a wrong checksum');
  const path = pathOf(block);
  if (latin1(field(block, 'magic')) !== 'ustar\x0000') throw new HostileArchive(path, 'has no header of a POSIX tar');
  const flag = latin1(field(block, 'type'));
  const type = Object.hasOwn(types, flag) ? types[flag] : undefined;
  if (type === undefined) {
    const known = Object.hasOwn(refusedTypes, flag) ? refusedTypes[flag] : undefined;
    const what = known ?? `thing of the unknown type ${JSON.stringify(flag)}`;
    throw new HostileArchive(path, `is a ${what}: only files, folders and symlinks are accepted`);
  }
  const mode = octal(block, 'mode');
  const size_bytes = sizeOf(block);
  if (mode === undefined) throw new HostileArchive(path, 'has a mode that is not octal');
  if (size_bytes === undefined) throw new HostileArchive(path, 'has a size that is no number');
  const target = text(upToZero(field(block, 'linkname')));
  if (type !== 'symlink' && type !== 'long names' && target !== '')
    throw new HostileArchive(path, `is a ${type} with the target of a symlink`);
  return { type, path, mode, size_bytes, target };
}

/** @param records `LENGTH KEY=VALUE\n` each, where LENGTH counts the whole record. @throws HostileArchive */
export function longNames(records: Uint8Array): { readonly path?: string; readonly target?: string } {
  const names: { path?: string; target?: string } = {};
  for (let rest = records; rest.length > 0; ) {
    const [record, digits] = /^([1-9]\d{0,4}) /.exec(latin1(rest.subarray(0, 6))) ?? [];
    const length = Number(digits);
    if (record === undefined || length <= record.length || length > rest.length || rest[length - 1] !== newline) {
      throw new HostileArchive(null, 'has a pax header that is damaged');
    }
    const [, key, value] = /^([^=]*)=(.*)$/s.exec(text(rest.subarray(record.length, length - 1))) ?? [];
    if (key === undefined || value === undefined) throw new HostileArchive(null, 'has a pax header that is damaged');
    const name = key === 'path' ? 'path' : key === 'linkpath' ? 'target' : undefined;
    if (name === undefined || value === '' || names[name] !== undefined) {
      const problem = `has a pax header with ${JSON.stringify(key.slice(0, 60))}: one path and one linkpath are accepted`;
      throw new HostileArchive(null, problem);
    }
    names[name] = value;
    rest = rest.subarray(length);
  }
  return names;
}

export function isEmpty(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

function pathOf(block: Uint8Array): string {
  const prefix = text(upToZero(field(block, 'prefix')));
  const name = text(upToZero(field(block, 'name')));
  return prefix === '' ? name : `${prefix}/${name}`;
}

function sumOf(block: Uint8Array): number {
  // The checksum's own bytes count as spaces.
  let sum = 0x20 * fields.checksum[1];
  for (const byte of block) sum += byte;
  for (const byte of field(block, 'checksum')) sum -= byte;
  return sum;
}

/** Octal, or where that is too short, from 8 GiB on, binary after a byte 0x80. */
function sizeOf(block: Uint8Array): number | undefined {
  const bytes = field(block, 'size');
  if (bytes[0] !== 0x80) return octal(block, 'size');
  const size = bytes.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
  return Number.isSafeInteger(size) ? size : undefined;
}

function octal(block: Uint8Array, name: keyof typeof fields): number | undefined {
  const [digits] = /^[0-7]+(?=[ \0]*$)/.exec(latin1(field(block, name))) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

function field(block: Uint8Array, name: keyof typeof fields): Uint8Array {
  const [start, length] = fields[name];
  return block.subarray(start, start + length);
}

/** What follows a zero must be zeros, or it would be a name that nobody sees. @throws HostileArchive */
function upToZero(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  if (end === -1) return bytes;
  if (!isEmpty(bytes.subarray(end)))
    throw new HostileArchive(latin1(bytes.subarray(0, end)), 'has a zero byte in its name');
  return bytes.subarray(0, end);
}

/** @throws HostileArchive */
function text(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new HostileArchive(latin1(bytes), 'has a name that is not UTF-8', { cause: error });
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

const newline = 10;
