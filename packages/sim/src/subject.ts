/** What is cut off: a machine with a disk, and the world around it that knows something of what is on that disk. */

import type { FileSystem } from './disk/model.ts';
import type { BeforeChange } from './disk/simulated-disk.ts';

/** One life of the machine, from power on to power off. */
export type Power = {
  /** Told before each disk operation. */
  readonly before: BeforeChange;
  /** A disk whose fsync does nothing. */
  readonly lies: boolean;
  /** For a person who follows a replay. */
  readonly tell: (line: string) => void;
};

export type Complaint = { readonly checker: string; readonly problem: string };

/** What is wrong with a machine that has recovered, given the paths that it has touched. */
export type Look = (touched: ReadonlySet<string>) => Promise<readonly Complaint[]>;

export interface Subject {
  readonly system: FileSystem;
  /** The same machine in the same world, with this disk. */
  fork(system: FileSystem): Subject;
  /** What the world knows of it, as a text: with the same disk and the same text, two machines are the same. */
  outside(): string;
  /** What others see while the machine runs they have seen, be it durable or not. */
  seen(): Promise<Subject>;
  /** The work at whose every disk operation the power is cut. */
  work(power: Power): Promise<void>;
  /** What is wrong when the power is back, before anything has run. */
  asFound(): Promise<readonly Complaint[]>;
  /** What this machine, or the person at it, does after a power cut. */
  recover(power: Power): Promise<Look>;
  /** Once the faults stop, all goes on. Undefined: it does. */
  stuck(): Promise<string | undefined>;
}

export type Kind = {
  readonly name: string;
  /** The machine right before the part that is cut. */
  prepare(seed: number): Promise<Subject>;
};

export const quiet: Power = { before: () => undefined, lies: false, tell: () => undefined };
