/** What the supervisor asks of the operating system; the real one is `os/processes.ts`. */

/** A process and no later one with the same number. */
export type ProcessIdentity = {
  readonly pid: number;
  /** When it began, in words of the operating system that do not repeat, not even after a reboot. */
  readonly started: string;
};

export type Program = {
  /** The first word is a file in `folder`, else `node` (the one that runs the agent), else looked up on the PATH. */
  readonly command: readonly string[];
  /** Absolute. The working folder. */
  readonly folder: string;
  /** The whole environment. */
  readonly environment: { readonly [name: string]: string };
  /** Where stdout and stderr are appended. Absolute. */
  readonly log_path: string;
  /** Is found again in every process that the program starts. */
  readonly mark: string;
};

export type Child = {
  readonly identity: ProcessIdentity;
  /** How it ended, as "exit code 1" or "signal SIGSEGV". */
  readonly exited: Promise<string>;
};

/** The processes of one program: those in the group of its leader, and those that carry its mark. */
export type Family = { readonly leader: ProcessIdentity | undefined; readonly mark: string };

export interface Processes {
  /** Starts the program as the leader of a process group that outlives the agent. @throws CannotStart */
  spawn(program: Program): Promise<Child>;
  runs(process: ProcessIdentity): boolean;
  /** Pids of the family that still run. Never holds a process that only has the number of one that ended. */
  left(family: Family): readonly number[];
  signal(family: Family, signal: 'SIGTERM' | 'SIGKILL'): void;
}

export class CannotStart extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CannotStart';
  }
}
