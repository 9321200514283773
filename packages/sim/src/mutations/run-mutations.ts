/**
 * Tests the tests: each mutation is put into a copy of the sources, and its detector must complain of it. The detector is
 * run on the sound sources first, and must be silent: one that always complains catches nothing.
 */

import type { Finding } from './finding.ts';
import { type Detector, type Mutation, mutate, nameOf } from './mutation.ts';

/** A copy of the sources, in which one mutation at a time may be tried. */
export type Workbench = {
  /** Undefined: there is no such file. */
  readonly read: (file: string) => Promise<string | undefined>;
  readonly write: (file: string, text: string) => Promise<void>;
  readonly run: (detector: Detector) => Promise<Finding>;
};

export type Row = { readonly mutation: string; readonly detector: string } & (
  | { readonly kind: 'caught'; readonly complaint: string }
  | { readonly kind: 'missed'; readonly problem: string }
  /** The sources have changed, and the mutation is to be written anew. */
  | { readonly kind: 'stale'; readonly problem: string }
);

/** @param onRow told of each as soon as it is known */
export async function runMutations(
  mutations: readonly Mutation[],
  workbenches: readonly Workbench[],
  onRow: (row: Row) => void,
): Promise<readonly Row[]> {
  const detectors = new Map(mutations.map(({ detector }) => [nameOf(detector), detector]));
  const sound = new Map<string, Finding>();
  await shareOut(detectors, workbenches, async ([name, detector], workbench) => {
    sound.set(name, await workbench.run(detector));
  });
  const rows: Row[] = [];
  await shareOut(mutations, workbenches, async (mutation, workbench) => {
    const detector = nameOf(mutation.detector);
    const row = { mutation: mutation.name, detector, ...(await tryOut(mutation, sound.get(detector), workbench)) };
    rows.push(row);
    onRow(row);
  });
  return rows;
}

type Outcome = Row extends infer R ? (R extends Row ? Omit<R, 'mutation' | 'detector'> : never) : never;

async function tryOut(mutation: Mutation, sound: Finding | undefined, workbench: Workbench): Promise<Outcome> {
  const text = await workbench.read(mutation.file);
  if (text === undefined) return { kind: 'stale', problem: `there is no ${mutation.file} any more` };
  const mutated = mutate(text, mutation);
  if (mutated.kind === 'stale') return mutated;
  if (sound?.kind === 'complains') return { kind: 'missed', problem: `complains of sound code: ${sound.complaint}` };
  if (sound?.kind === 'undecided') return { kind: 'missed', problem: `does not run on sound code: ${sound.problem}` };
  await workbench.write(mutation.file, mutated.text);
  try {
    const finding = await workbench.run(mutation.detector);
    if (finding.kind === 'complains') return { kind: 'caught', complaint: finding.complaint };
    return { kind: 'missed', problem: finding.kind === 'silent' ? 'nothing was noticed' : finding.problem };
  } finally {
    await workbench.write(mutation.file, text);
  }
}

/** Each workbench takes the next item as soon as it is free. */
async function shareOut<T>(
  items: Iterable<T>,
  workbenches: readonly Workbench[],
  work: (item: T, workbench: Workbench) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(
    workbenches.map(async (workbench) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item, workbench);
    }),
  );
}
