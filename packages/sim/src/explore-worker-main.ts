/** One thread of an exploration: does what it is told, a few cuts of one kind at a time. */

import { parentPort } from 'node:worker_threads';
import { type Exploration, type ExploreLimits, exploreCuts, openExploration } from './explore.ts';
import type { Findings } from './explore-findings.ts';
import { kinds } from './explore-kinds.ts';
import { rememberSignatures } from './os/remembered-signatures.ts';

export type Task = {
  readonly kind: string;
  readonly seed: number;
  readonly limits: ExploreLimits;
  /** Cuts of the work, from one up to another. */
  readonly from: number;
  readonly until: number;
};

export type Done = { readonly task: Task; readonly operations: number; readonly findings: Findings };

rememberSignatures();
/** Of the kind at hand alone: what it remembers of its states takes much memory. */
let current: { readonly kind: string; readonly exploration: Exploration } | undefined;

parentPort?.on('message', (task: Task) => {
  void perform(task).then((done) => parentPort?.postMessage(done, []));
});

async function perform(task: Task): Promise<Done> {
  const exploration = await explorationOf(task);
  const findings = await exploreCuts(exploration, task.from, task.until);
  return { task, operations: exploration.moments.length, findings };
}

async function explorationOf({ kind: name, seed, limits }: Task): Promise<Exploration> {
  if (current?.kind === name) return current.exploration;
  const kind = kinds.find((candidate) => candidate.name === name);
  if (!kind) throw new Error(`there is no kind ${name}`);
  const exploration = await openExploration(kind, seed, limits);
  current = { kind: name, exploration };
  return exploration;
}
