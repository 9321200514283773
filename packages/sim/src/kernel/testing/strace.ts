/**
 * Faults at chosen system calls of a process, put in by strace. A signal comes when a call is entered, before it has any
 * effect: what a power cut after a call leaves is what one before the next call leaves.
 */

import { readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

/** One system call of a run that can be found again in another run of the same work. */
export type CallSite = {
  readonly call: string;
  /** From 1, counted among the calls of this name in one thread, and on `path` where there is one. */
  readonly nth: number;
  /** Within the disk. Only calls on this file are counted. */
  readonly path: string | undefined;
  /** The last state of the journal that the victim had told by then. */
  readonly state: string;
};

/** Not its children's: an app that is traced is slow, and must not die before its agent. */
const follow = ['-f', '-b', 'execve', '-qq'];

const quietly = ['strace', ...follow, '-o', '/dev/null'];

/** The program and arguments that write what the victim does into a file. */
export function tracing(trace: string): readonly string[] {
  return ['strace', ...follow, '-y', '-s', '64', '-o', trace, '-e', 'trace=fsync,rename,write'];
}

export type Fault = {
  readonly site: CallSite;
  /** As `signal=SIGKILL` or `error=EIO`. */
  readonly effect: string;
  /** At that call alone, or at all calls of the kind from it on. */
  readonly lasts: boolean;
};

/** @param root where the disk is mounted */
export function injecting(fault: Fault, root: string): readonly string[] {
  const { path } = fault.site;
  return [...quietly, ...(path === undefined ? [] : ['-P', join(root, path)]), '-e', injection(fault)];
}

/**
 * Says of each fsync that it is done, and does nothing.
 * @param until a fault of any path
 */
export function lyingOfSync(until?: Fault): readonly string[] {
  return [...quietly, '-e', 'inject=fsync,fdatasync:retval=0', ...(until ? ['-e', injection(until)] : [])];
}

function injection({ site, effect, lasts }: Fault): string {
  return `inject=${site.call}:${effect}:when=${site.nth}${lasts ? '+' : ''}`;
}

/**
 * What the worker thread does, which is all of the agent's own work with files, and what SQLite does in the main thread.
 * @param root where the disk is mounted
 */
export function callSites(trace: string, root: string): readonly CallSite[] {
  const seen = new Map<string, number>();
  const sites: CallSite[] = [];
  let state = 'none';
  let main: string | undefined;
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    const [, thread = '', call = '', args = ''] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    const told = /"state ([A-Z_]+)\\n"/.exec(args)?.[1];
    if (told !== undefined) state = told;
    main ??= thread;
    const path = /^\d+<([^>]+)>/.exec(args)?.[1] ?? /^"([^"]+)"/.exec(args)?.[1];
    if (!path?.startsWith(`${root}/`)) continue;
    // The lock is SQLite's too, and not worth a cut.
    if (thread === main && basename(path) === 'lock.db') continue;
    // The worker writes to its own pipes as well, which are not to be counted.
    const only = thread === main || call === 'write' ? relative(root, path) : undefined;
    const key = `${thread} ${call} ${only ?? ''}`;
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    sites.push({ call, nth, path: only, state });
  }
  return sites;
}

export function describeSite({ call, nth, path, state }: CallSite): string {
  return `${call} ${nth}${path === undefined ? '' : ` of ${path}`} in ${state}`;
}
