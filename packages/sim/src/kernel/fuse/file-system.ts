/** A file system of two files: `disk`, whose writes and flushes are told in order, and `mark`, to put a word between them. */

import type { DiskOperation } from './disk-log.ts';
import {
  attributesAnswer,
  encodeError,
  encodeReply,
  entryAnswer,
  initAnswer,
  node,
  openAnswer,
  type Request,
  spaceAnswer,
  writtenAnswer,
} from './protocol.ts';

export type Image = {
  readonly size_bytes: number;
  read(offset: number, size: number): Buffer;
  write(offset: number, bytes: Buffer): void;
};

const errno = { ENOENT: 2, ENOSYS: 38 } as const;

/** @returns undefined when the kernel waits for no answer */
export function answer(request: Request, image: Image, tell: (operation: DiskOperation) => void): Buffer | undefined {
  if (request.kind === 'told') return undefined;
  const result = resultOf(request, image, tell);
  return Buffer.isBuffer(result) ? encodeReply(request.unique, result) : encodeError(request.unique, errno[result]);
}

function resultOf(
  request: Exclude<Request, { readonly kind: 'told' }>,
  image: Image,
  tell: (operation: DiskOperation) => void,
): Buffer | keyof typeof errno {
  switch (request.kind) {
    case 'init':
      return initAnswer();
    case 'lookup':
      if (request.name === 'disk') return entryAnswer({ node: node.disk, size_bytes: image.size_bytes });
      return request.name === 'mark' ? entryAnswer({ node: node.mark, size_bytes: 0 }) : 'ENOENT';
    case 'attributes': {
      const size_bytes = request.node === node.disk ? image.size_bytes : 0;
      return attributesAnswer({ node: request.node, size_bytes });
    }
    case 'open':
      return openAnswer();
    case 'read':
      return request.node === node.disk ? image.read(request.offset, request.size) : Buffer.alloc(0);
    case 'write':
      if (request.node === node.disk) {
        image.write(request.offset, request.bytes);
        tell({ kind: 'write', offset: request.offset, bytes: request.bytes });
      } else tell({ kind: 'mark', text: request.bytes.toString() });
      return writtenAnswer(request.bytes.length);
    case 'sync':
      if (request.node === node.disk) tell({ kind: 'flush' });
      return Buffer.alloc(0);
    case 'space':
      return spaceAnswer();
    case 'ended':
      return Buffer.alloc(0);
    case 'unknown':
      return 'ENOSYS';
    default:
      return request satisfies never;
  }
}
