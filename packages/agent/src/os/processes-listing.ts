/** Which processes there are. Linux is read from /proc; elsewhere `ps` is asked. */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { errorCode } from '@kedge/core/ports';

export type Listed = {
  readonly pid: number;
  readonly group: number;
  /** Ended, and only waits for its parent to take note. It can keep its place for ever where pid 1 reaps nobody. */
  readonly zombie: boolean;
  /** See `ProcessIdentity`. */
  readonly started: string;
};

export type Listing = {
  all(): readonly Listed[];
  one(pid: number): Listed | undefined;
  /** Whether the process began with that entry, as `NAME=value`, in its environment. False where it cannot be known. */
  beganWith(pid: number, entry: string): boolean;
};

export function processListing(platform: NodeJS.Platform = process.platform): Listing {
  return platform === 'linux' ? procListing() : psListing();
}

function procListing(): Listing {
  // Ticks since boot alone would repeat: a small device boots the same way every time.
  const boot = readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  const one = (pid: number): Listed | undefined => {
    // proc_pid_stat(5): the name, in parentheses, may itself hold parentheses and blanks.
    const stat = readIfThere(`/proc/${pid}/stat`);
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    const [state, group, threads, ticks] = [fields[0], fields[2], fields[17], fields[19]];
    if (state === undefined || group === undefined || ticks === undefined) return undefined;
    // A first thread that has ended says Z while the others still hold sockets and files.
    const zombie = (state === 'Z' || state === 'X') && Number(threads) <= 1;
    return { pid, group: Number(group), zombie, started: `${boot}/${ticks}` };
  };
  return {
    all: () =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((name) => one(Number(name)))
        .filter((listed) => listed !== undefined),
    one,
    beganWith: (pid, entry) => readIfThere(`/proc/${pid}/environ`)?.split('\0').includes(entry) ?? false,
  };
}

function psListing(): Listing {
  return {
    all: () => askPs(['-A']),
    one: (pid) => askPs(['-p', String(pid)])[0],
    beganWith: () => false,
  };
}

function askPs(selection: readonly string[]): readonly Listed[] {
  const lines = runPs([...selection, '-o', 'pid=,pgid=,stat=,lstart=']).split('\n');
  return lines.flatMap((line) => {
    const [, pid, group, state, started] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
    if (pid === undefined || group === undefined || state === undefined || started === undefined) return [];
    return [{ pid: Number(pid), group: Number(group), zombie: state.startsWith('Z'), started }];
  });
}

/** `ps` exits with 1 and prints nothing when no process was selected. */
function runPs(options: readonly string[]): string {
  try {
    return execFileSync('ps', options, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } });
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 1) return '';
    throw new Error('cannot list processes; is `ps` installed?', { cause: error });
  }
}

/** Undefined too for a process that ends while it is read, and for what is another user's. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}
