/** The app's real processes. */

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '@kedge/core/ports';
import type { Child, Family, Processes, ProcessIdentity, Program } from '../service/processes.ts';
import { type Listed, type Listing, processListing } from './processes-listing.ts';
import { cannotStart, programFile } from './processes-program.ts';

const log_limit_bytes = 10_000_000;
const rotated_logs_max = 3;
export const mark_variable = 'KEDGE_SERVICE';

export function nodeProcesses(listing: Listing = processListing()): Processes {
  /** Leaders started here: their group is still theirs after they have ended, until it is empty. */
  const own = new Set<string>();

  function groupOf(leader: ProcessIdentity, listed: readonly Listed[]): readonly number[] {
    const first = listed.find((each) => each.pid === leader.pid);
    const isOurs = first ? first.started === leader.started : own.has(keyOf(leader));
    const group = isOurs ? listed.filter((each) => each.group === leader.pid) : [];
    if (group.length === 0) own.delete(keyOf(leader));
    return pidsOf(group);
  }

  function find({ leader, mark }: Family) {
    const listed = listing.all();
    const group = leader ? groupOf(leader, listed) : [];
    const marked = pidsOf(listed).filter((pid) => listing.beganWith(pid, `${mark_variable}=${mark}`));
    return { group, strays: marked.filter((pid) => pid !== process.pid && !group.includes(pid)) };
  }

  return {
    async spawn(program) {
      const child = await startProgram(program, listing);
      own.add(keyOf(child.identity));
      return child;
    },
    runs(identity) {
      const listed = listing.one(identity.pid);
      return listed !== undefined && !listed.zombie && listed.started === identity.started;
    },
    left(family) {
      const { group, strays } = find(family);
      return [...group, ...strays];
    },
    signal(family, signal) {
      const { group, strays } = find(family);
      // The whole group at once, so that none of it can start another one in between.
      if (family.leader && group.length > 0) kill(-family.leader.pid, signal);
      for (const pid of strays) kill(pid, signal);
    },
  };
}

async function startProgram(program: Program, listing: Listing): Promise<Child> {
  const [word = '', ...words] = program.command;
  const log = openLog(program.log_path);
  try {
    const child = spawn(programFile(word, program.folder), words, {
      cwd: program.folder,
      env: { ...program.environment, [mark_variable]: program.mark },
      stdio: ['ignore', log, log],
      detached: true,
    });
    // Read before the event loop can take note of its end: until then even a zombie has a start time.
    const started = child.pid === undefined ? undefined : listing.one(child.pid)?.started;
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    return { identity: { pid: child.pid ?? 0, started: started ?? 'ended' }, exited };
  } catch (error) {
    throw cannotStart(word, program.folder, error);
  } finally {
    closeSync(log);
  }
}

/** The app writes to the file itself, so that its log goes on when the agent is gone; so it is rotated at starts only. */
function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  const size_bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size_bytes > log_limit_bytes) {
    for (let index = rotated_logs_max; index > 0; index -= 1) {
      renameIfThere(index === 1 ? path : `${path}.${index - 1}`, `${path}.${index}`);
    }
  }
  return openSync(path, 'a', 0o640);
}

function renameIfThere(from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false })) renameSync(from, to);
}

/** @param target a pid, or the negative of a process group */
function kill(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    // It ended since it was listed.
    if (errorCode(error) !== 'ESRCH') {
      throw new Error(`cannot send ${signal} to process ${target}; does the app change its user?`, { cause: error });
    }
  }
}

function pidsOf(listed: readonly Listed[]): readonly number[] {
  return listed.filter((each) => !each.zombie).map((each) => each.pid);
}

function keyOf(identity: ProcessIdentity): string {
  return `${identity.pid} ${identity.started}`;
}
