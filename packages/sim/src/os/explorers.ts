import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ExploreLimits } from '../explore.ts';
import { addFindings, type Explored, noFindings, summary } from '../explore-findings.ts';
import { type Share, shareOut } from '../explore-shares.ts';
import type { Done, Task } from '../explore-worker-main.ts';

const share_operations = 8;

export type ExploredAll = {
  readonly kinds: readonly Explored[];
  /** Distinct over all kinds: two of them may begin in the same way. */
  readonly crash_states: number;
};

/** On every core there is. What comes out is the same on any number of them. */
export async function exploreOnAllCores(
  kinds: readonly string[],
  seed: number,
  limits: ExploreLimits,
  onKind: (explored: Explored) => void,
  signal: AbortSignal,
): Promise<ExploredAll> {
  const shares = shareOut(kinds, share_operations);
  const running = new Map(kinds.map((kind) => [kind, { findings: noFindings(), operations: 0, cut: 0 }]));
  const finished: Explored[] = [];
  const crash_states = new Set<string>();

  function onDone({ task, operations, findings }: Done): void {
    shares.learn(task.kind, operations);
    const kind = running.get(task.kind);
    if (!kind) return;
    addFindings(kind.findings, findings);
    kind.operations = operations;
    kind.cut += Math.min(task.until, operations) - task.from;
    if (kind.cut < operations) return;
    running.delete(task.kind);
    for (const state of kind.findings.crash_states) crash_states.add(state);
    const explored = summary(task.kind, operations, kind.findings);
    finished.push(explored);
    onKind(explored);
  }

  let busy = 0;
  let hasFailed = false;
  let change = Promise.withResolvers<void>();
  /** Waits while the others may yet learn of more to do. */
  async function nextFor(worker: number): Promise<Share | undefined> {
    for (;;) {
      if (signal.aborted || hasFailed) return undefined;
      const share = shares.next(worker);
      if (share) busy += 1;
      if (share || busy === 0) return share;
      await change.promise;
    }
  }
  function onAnswer(done: Done): void {
    onDone(done);
    busy -= 1;
    change.resolve();
    change = Promise.withResolvers();
  }

  const workers = Array.from({ length: availableParallelism() }, (_, id) => id);
  await Promise.all(
    workers.map(async (id) => {
      try {
        await employ(() => nextFor(id), { seed, limits }, onAnswer);
      } catch (error) {
        hasFailed = true;
        change.resolve();
        throw error;
      }
    }),
  );
  signal.throwIfAborted();
  const inOrder = finished.toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  return { kinds: inOrder, crash_states: crash_states.size };
}

/** Gives one worker a share after the other. */
async function employ(
  next: () => Promise<Share | undefined>,
  common: Pick<Task, 'seed' | 'limits'>,
  onDone: (done: Done) => void,
): Promise<void> {
  const worker = new Worker(new URL('../explore-worker-main.ts', import.meta.url));
  try {
    for (let share = await next(); share; share = await next()) {
      const { promise, resolve, reject } = Promise.withResolvers<Done>();
      worker.once('message', resolve).once('error', reject);
      worker.postMessage({ ...common, ...share }, []);
      const done = await promise;
      worker.off('error', reject);
      onDone(done);
    }
  } finally {
    await worker.terminate();
  }
}
