/**
 * What the code asks of the machine it runs on. Each port is passed as a plain argument; the real ones are in `os/`
 * folders, the simulated ones in tests. A port reports trouble by rejecting with an `Error` whose `code` is the errno
 * name (`ENOSPC`, `ECONNREFUSED`, ...), see `errorCode`.
 */

export interface Clock {
  /** Wall time, milliseconds since 1970. It may jump. */
  now_ms(): number;
  /** Milliseconds since an arbitrary moment. It never goes back. */
  monotonic_ms(): number;
  /** Rejects with the signal's reason when aborted. */
  sleep(duration_ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  bytes(count: number): Uint8Array;
  /** From 0 (inclusive) to 1 (exclusive). */
  fraction(): number;
}

export interface Hash {
  update(bytes: Uint8Array): void;
  /** Lower case hex. The hash cannot be used afterwards. */
  hex(): string;
}

export type Sha256 = () => Hash;

export type DiskEntry =
  | { readonly kind: 'file'; readonly size_bytes: number; readonly mode: number; readonly modified_ms: number }
  | { readonly kind: 'folder'; readonly mode: number }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'other' };

/**
 * A POSIX file system, no more convenient than it is: nothing is durable before `sync`, no rename or new name before
 * `syncFolder`. `trust/src/atomic-file.ts` is where durability is made of it. Paths are absolute, with `/`.
 */
export interface Disk {
  /** Does not follow a symlink. Undefined when there is nothing at that path. */
  stat(path: string): Promise<DiskEntry | undefined>;
  /** Names in the folder, sorted. Undefined when there is no such folder. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** Undefined when there is no such file; rejects with EFBIG when it is longer than the limit. */
  read(path: string, limit_bytes: number): Promise<Uint8Array | undefined>;
  /** Rejects with ENOENT at the first chunk when there is no such file. */
  stream(path: string, from_bytes?: number): AsyncIterable<Uint8Array>;
  /** `new` empties an existing file; `append` goes on at its end. The mode counts for a new file only. */
  open(path: string, how: 'new' | 'append', mode: number): Promise<DiskWriter>;
  /** Makes missing parents as well; an existing folder is fine. */
  makeFolder(path: string, mode?: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A symlink is removed, not followed. Nothing at that path is fine. */
  removeFile(path: string): Promise<void>;
  /** The folder must be empty. Nothing at that path is fine. */
  removeFolder(path: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  setMode(path: string, mode: number): Promise<void>;
  syncFolder(path: string): Promise<void>;
  /** Bytes that an unprivileged process may still write on the file system that holds this existing path. */
  freeSpace(path: string): Promise<number>;
}

export interface DiskWriter {
  write(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export type NetRequest = {
  readonly method: 'GET' | 'POST';
  /** `http:`, `https:` or, for GET, `file:` (a USB stick is a repository as well). */
  readonly url: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Uint8Array;
  /** To connect and get the status line. */
  readonly answer_timeout_ms: number;
  /** Without one byte of the body. */
  readonly idle_timeout_ms: number;
  readonly signal?: AbortSignal;
};

export type NetResponse = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string };
  /** To be read to its end, or left by `break` / `return`, which closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
};

export interface Net {
  request(request: NetRequest): Promise<NetResponse>;
}

/** The errno name that a port's error carries, or undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
