/** The FUSE kernel protocol, as far as two files in one folder need it. Names and layouts are those of linux/fuse.h. */

export const node = { root: 1, disk: 2, mark: 3 } as const;

export type Request = { readonly unique: bigint } & (
  | { readonly kind: 'init' }
  | { readonly kind: 'lookup'; readonly name: string }
  | { readonly kind: 'attributes'; readonly node: number }
  | { readonly kind: 'open' }
  | { readonly kind: 'read'; readonly node: number; readonly offset: number; readonly size: number }
  | { readonly kind: 'write'; readonly node: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'sync'; readonly node: number }
  | { readonly kind: 'space' }
  /** Ends something; there is nothing to do, but it is answered. */
  | { readonly kind: 'ended' }
  /** The kernel waits for no answer. */
  | { readonly kind: 'told' }
  | { readonly kind: 'unknown' }
);

/** One write comes whole up to this size. */
export const write_bytes_max = 128 * 1024;
/** The largest request: a write and its two headers, and what the kernel asks for at the least beside. */
export const request_bytes_max = write_bytes_max + 8192;

const in_header_bytes = 40;
const out_header_bytes = 16;
const write_in_bytes = 40;

export function decodeRequest(bytes: Buffer): Request {
  const unique = bytes.readBigUInt64LE(8);
  const target = Number(bytes.readBigUInt64LE(16));
  const body = bytes.subarray(in_header_bytes, bytes.readUInt32LE(0));
  switch (bytes.readUInt32LE(4)) {
    case 26:
      return { unique, kind: 'init' };
    case 1:
      return { unique, kind: 'lookup', name: body.toString('utf8', 0, body.indexOf(0)) };
    case 3: // GETATTR
    case 4: // SETATTR: a size or a time that is set; neither changes.
      return { unique, kind: 'attributes', node: target };
    case 14:
      return { unique, kind: 'open' };
    case 15:
      return { unique, kind: 'read', node: target, offset: offsetIn(body), size: body.readUInt32LE(16) };
    case 16: {
      const data = body.subarray(write_in_bytes, write_in_bytes + body.readUInt32LE(16));
      return { unique, kind: 'write', node: target, offset: offsetIn(body), bytes: data };
    }
    case 20:
      return { unique, kind: 'sync', node: target };
    case 17:
      return { unique, kind: 'space' };
    case 18: // RELEASE
    case 25: // FLUSH: a close, which makes nothing durable
    case 34: // ACCESS
    case 38: // DESTROY
      return { unique, kind: 'ended' };
    case 2: // FORGET
    case 36: // INTERRUPT
    case 42: // BATCH_FORGET
      return { unique, kind: 'told' };
    default:
      return { unique, kind: 'unknown' };
  }
}

function offsetIn(body: Buffer): number {
  return Number(body.readBigUInt64LE(8));
}

export function encodeReply(unique: bigint, answer: Buffer): Buffer {
  return Buffer.concat([header(unique, answer.length, 0), answer]);
}

/** @param errno positive */
export function encodeError(unique: bigint, errno: number): Buffer {
  return header(unique, 0, errno);
}

function header(unique: bigint, answer_bytes: number, errno: number): Buffer {
  const bytes = Buffer.alloc(out_header_bytes);
  bytes.writeUInt32LE(out_header_bytes + answer_bytes, 0);
  bytes.writeInt32LE(-errno, 4);
  bytes.writeBigUInt64LE(unique, 8);
  return bytes;
}

/** `fuse_init_out`: version 7.31, no write-back cache, so that every write of the loop device comes as it is. */
export function initAnswer(): Buffer {
  const big_writes = 1 << 5;
  const max_pages = 1 << 22;
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(7, 0);
  bytes.writeUInt32LE(31, 4);
  bytes.writeUInt32LE(big_writes | max_pages, 12);
  bytes.writeUInt32LE(write_bytes_max, 20);
  bytes.writeUInt32LE(1, 24);
  bytes.writeUInt16LE(write_bytes_max / 4096, 28);
  return bytes;
}

export type Attributes = { readonly node: number; readonly size_bytes: number };

/** `fuse_entry_out` */
export function entryAnswer(file: Attributes): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeBigUInt64LE(BigInt(file.node), 0);
  return Buffer.concat([bytes, attributes(file)]);
}

/** `fuse_attr_out`; nothing of it may be cached. */
export function attributesAnswer(file: Attributes): Buffer {
  return Buffer.concat([Buffer.alloc(16), attributes(file)]);
}

/** `fuse_attr` */
function attributes({ node: number, size_bytes }: Attributes): Buffer {
  const isFolder = number === node.root;
  const bytes = Buffer.alloc(88);
  bytes.writeBigUInt64LE(BigInt(number), 0);
  bytes.writeBigUInt64LE(BigInt(size_bytes), 8);
  bytes.writeBigUInt64LE(BigInt(Math.ceil(size_bytes / 512)), 16);
  bytes.writeUInt32LE(isFolder ? 0o40700 : 0o100600, 60);
  bytes.writeUInt32LE(isFolder ? 2 : 1, 64);
  bytes.writeUInt32LE(4096, 80);
  return bytes;
}

/** `fuse_open_out`: direct I/O, past the page cache. */
export function openAnswer(): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(1, 8);
  return bytes;
}

/** `fuse_write_out` */
export function writtenAnswer(size_bytes: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(size_bytes, 0);
  return bytes;
}

/** `fuse_statfs_out` */
export function spaceAnswer(): Buffer {
  const bytes = Buffer.alloc(80);
  bytes.writeUInt32LE(4096, 40);
  bytes.writeUInt32LE(255, 44);
  return bytes;
}
