/**
 * `serve-main.ts IMAGE LOG FOLDER`: mounts a file system on FOLDER in which IMAGE is the file `disk`, and writes down in LOG what
 * it is told. Says `mounted` once it is, and ends when it is unmounted. It is a process of its own because whoever
 * uses the mount waits for it in the kernel.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { errorCode } from '@kedge/core/ports';
import { encodeOperation } from './disk-log.ts';
import { answer, type Image } from './file-system.ts';
import { decodeRequest, request_bytes_max } from './protocol.ts';

const [image = '', log = '', folder = ''] = process.argv.slice(2);
const file = openSync(image, 'r+');
const written = openSync(log, 'w');
const device = await open('/dev/fuse', 'r+');

// The descriptor in the options is that of the mount program.
const mount = spawn(
  'mount',
  ['-i', '-t', 'fuse', '-o', 'fd=3,rootmode=40000,user_id=0,group_id=0', 'kedge-disk', folder],
  { stdio: ['ignore', 'inherit', 'inherit', device.fd] },
);
// The kernel takes the mount for done before anyone answers its first request.
await once(mount, 'exit');
if (mount.exitCode !== 0) process.exit(1);
console.log('mounted');

const content: Image = {
  size_bytes: fstatSync(file).size,
  read(offset, size) {
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, offset));
  },
  write(offset, bytes) {
    writeSync(file, bytes, 0, bytes.length, offset);
  },
};

const buffer = Buffer.alloc(request_bytes_max);
for (;;) {
  const size = await nextRequest();
  if (size === 'unmounted') break;
  if (size === 'none') continue;
  const reply = answer(decodeRequest(buffer.subarray(0, size)), content, (operation) =>
    writeSync(written, encodeOperation(operation)),
  );
  if (reply) writeSync(device.fd, reply);
}

async function nextRequest(): Promise<number | 'none' | 'unmounted'> {
  try {
    return (await device.read(buffer, 0, buffer.length, null)).bytesRead;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENODEV') return 'unmounted';
    // The request was taken back.
    if (code === 'ENOENT' || code === 'EINTR') return 'none';
    throw error;
  }
}
