/** The ports through which the agent touches the machine, beside those of `core/src/ports.ts`. */

import type { Artifact, Check, DataPart, Manifest, Migration } from '@kedge/core/manifest';

/** A release whose tree is on this device. */
export type LocalRelease = {
  readonly manifest: Manifest;
  /** Absolute path of its tree. */
  readonly folder: string;
};

/** How a release becomes live. Every call may be repeated after a power cut, and must then end in the same state. */
export interface Deployer {
  /**
   * Unpacks the artifact, checks it against `tree_sha256` while writing and makes it durable; only then is it there
   * under its version.
   * @throws TreeMismatch when the tree is not what the manifest says
   */
  stage(version: string, artifact: Artifact, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Versions whose tree is complete, in no order. */
  versions(): Promise<readonly string[]>;
  /**
   * Whether as much of that version's tree is there as was staged, without reading it. What an app adds to its own tree
   * does not count.
   */
  isComplete(version: string, artifact: Artifact): Promise<boolean>;
  /** Absolute path of that version's tree, whether or not it is there. */
  folder(version: string): string;
  live(): Promise<string | undefined>;
  previous(): Promise<string | undefined>;
  /** One atomic rename of one symlink, durable on return. Undefined: nothing is live any more. */
  switchTo(version: string | undefined): Promise<void>;
  /** Which version the guard, or a person with a shell, goes back to. */
  setPrevious(version: string | undefined): Promise<void>;
  /** Removes a tree and whatever of it was half staged. Refuses the live and the previous one. */
  drop(version: string): Promise<void>;
}

export type ServiceState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'running'; readonly since_ms: number; readonly restarts: number }
  /** Ended by itself and waits to be started again. */
  | { readonly kind: 'backing_off'; readonly exits: number; readonly last_exit: string }
  /** 5 exits within 10 minutes: not started again until `start` is called. */
  | { readonly kind: 'crash_loop'; readonly exits: number; readonly last_exit: string };

/** How the app starts and stops. */
export interface Service {
  /** Resolves when the app's process exists. A running one of the same release is kept. @throws when it cannot be started */
  start(release: LocalRelease): Promise<void>;
  /** Resolves when no process of the app is left, one started by an earlier agent included. */
  stop(): Promise<void>;
  state(): ServiceState;
  /**
   * Of the agent's own program only: the version that this process runs. Another one begins with the next process, so an
   * update goes on there.
   */
  readonly own_version?: string;
}

export type AppliedMigration = { readonly id: string; readonly checksum: string; readonly applied_at: string };

/** The app's data: backed up while the app runs, migrated and restored while it is stopped. */
export interface Data {
  /** `to` is an absolute folder that does not exist yet; it is there only when it is whole and durable. */
  backup(parts: readonly DataPart[], to: string): Promise<void>;
  /** Parts that were not there when the backup was made are removed. May be repeated. */
  restore(parts: readonly DataPart[], from: string): Promise<void>;
  /** In the order in which they were applied. Empty when there is no such database or table. */
  applied(database: string): Promise<readonly AppliedMigration[]>;
  /** Reasons not to migrate; empty when all is well. */
  precheck(migration: Migration, release: LocalRelease): Promise<readonly string[]>;
  /** The migration and its row in `_migrations` are one transaction. */
  migrateUp(migration: Migration, release: LocalRelease): Promise<void>;
  /** @throws when the migration has no way down */
  migrateDown(migration: Migration, release: LocalRelease): Promise<void>;
}

export type CheckResult = { readonly kind: 'passed' } | { readonly kind: 'failed'; readonly detail: string };

/** Health and preflight checks. A check that cannot be run has failed; it never rejects. */
export interface Checks {
  run(check: Check, release: LocalRelease, signal: AbortSignal): Promise<CheckResult>;
}
