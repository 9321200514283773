/** What a disk was told, in order. */

export type DiskOperation =
  | { readonly kind: 'write'; readonly offset: number; readonly bytes: Buffer }
  /** Everything written before is durable from here on. */
  | { readonly kind: 'flush' }
  /** What someone outside of the disk knew at this moment. */
  | { readonly kind: 'mark'; readonly text: string };

const kinds = ['write', 'flush', 'mark'] as const;
const header_bytes = 16;

/** A record is the kind, the length and the offset, and then the bytes. */
export function encodeOperation(operation: DiskOperation): Buffer {
  const bytes = payloadOf(operation);
  const header = Buffer.alloc(header_bytes);
  header.writeUInt32LE(kinds.indexOf(operation.kind), 0);
  header.writeUInt32LE(bytes.length, 4);
  header.writeBigUInt64LE(BigInt(operation.kind === 'write' ? operation.offset : 0), 8);
  return Buffer.concat([header, bytes]);
}

function payloadOf(operation: DiskOperation): Buffer {
  if (operation.kind === 'write') return operation.bytes;
  return Buffer.from(operation.kind === 'mark' ? operation.text : '');
}

export function decodeLog(log: Buffer): readonly DiskOperation[] {
  const operations: DiskOperation[] = [];
  for (let at = 0; at < log.length; ) {
    const start = at + header_bytes;
    const end = start + log.readUInt32LE(at + 4);
    const bytes = log.subarray(start, end);
    const kind = kinds[log.readUInt32LE(at)];
    if (kind === 'write') operations.push({ kind, offset: Number(log.readBigUInt64LE(at + 8)), bytes });
    else if (kind === 'mark') operations.push({ kind, text: bytes.toString() });
    else operations.push({ kind: 'flush' });
    at = end;
  }
  return operations;
}
