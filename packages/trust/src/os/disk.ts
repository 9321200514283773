import { constants, createReadStream } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, readlink, rename, rmdir, statfs, symlink, unlink } from 'node:fs/promises';
import { type Disk, errorCode } from '@kedge/core/ports';

export const nodeDisk: Disk = {
  async stat(path) {
    const facts = await unlessAbsent(lstat(path));
    if (!facts) return undefined;
    const mode = facts.mode & 0o7777;
    if (facts.isFile()) return { kind: 'file', size_bytes: facts.size, mode, modified_ms: facts.mtimeMs };
    if (facts.isDirectory()) return { kind: 'folder', mode };
    if (facts.isSymbolicLink()) return { kind: 'symlink', target: await readlink(path) };
    return { kind: 'other' };
  },

  async list(path) {
    return (await unlessAbsent(readdir(path)))?.toSorted();
  },

  async read(path, limit_bytes) {
    const file = await unlessAbsent(open(path, 'r'));
    if (!file) return undefined;
    try {
      // What stat says is a guess: a file may grow meanwhile, and those of /proc have no size.
      const { size } = await file.stat();
      if (size > limit_bytes) throw tooLong(path, limit_bytes);
      let buffer = new Uint8Array(size + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length);
        length += bytesRead;
        if (length > limit_bytes) throw tooLong(path, limit_bytes);
        if (bytesRead === 0) return buffer.slice(0, length);
        if (length === buffer.length) buffer = extended(buffer);
      }
    } finally {
      await file.close();
    }
  },

  stream: (path, from_bytes = 0) => createReadStream(path, { start: from_bytes, highWaterMark: 256 * 1024 }),

  async open(path, how, mode) {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW;
    const file = await open(path, flags | (how === 'new' ? constants.O_TRUNC : constants.O_APPEND), mode);
    return {
      async write(bytes) {
        let done = 0;
        while (done < bytes.length) done += (await file.write(bytes, done)).bytesWritten;
      },
      sync: () => file.sync(),
      close: () => file.close(),
    };
  },

  async makeFolder(path, mode = 0o755) {
    await mkdir(path, { recursive: true, mode });
  },

  rename: (from, to) => rename(from, to),

  async removeFile(path) {
    await unlessAbsent(unlink(path));
  },

  async removeFolder(path) {
    await unlessAbsent(rmdir(path));
  },

  symlink: (target, path) => symlink(target, path),

  setMode: (path, mode) => chmod(path, mode),

  async syncFolder(path) {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },

  async freeSpace(path) {
    const facts = await statfs(path);
    return facts.bavail * facts.bsize;
  },
};

async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function extended(buffer: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * buffer.length);
  larger.set(buffer);
  return larger;
}

function tooLong(path: string, limit_bytes: number): Error {
  return Object.assign(new Error(`${path} is longer than ${limit_bytes} bytes`), { code: 'EFBIG' });
}
