/** A mistake that somebody could make in production code, as plain data, and who is to find it. */

export type Detector =
  /** The crash exploration of one kind of work, with at most so many states after a cut. */
  | { readonly kind: 'explore'; readonly work: string; readonly states_max: number }
  /** A file of tests, or only those of them whose name has this in it. */
  | { readonly kind: 'tests'; readonly file: string; readonly named: string | undefined };

export type Mutation = {
  readonly name: string;
  /** From the root of the repository. Below `node_modules` it is a dependency that goes bad. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly detector: Detector;
};

/** The two extremes of what a disk may keep are enough for most of what somebody would do wrong. */
export function explore(work: string, states_max = 2): Detector {
  return { kind: 'explore', work, states_max };
}

/** @param file from `packages/`, without `.test.ts` */
export function tests(file: string, named?: string): Detector {
  return { kind: 'tests', file: `packages/${file}.test.ts`, named };
}

/** One of the attacks of a hostile repository, source or thief. */
export function attack(name: string): Detector {
  return tests('sim/src/adversary/adversary', `: ${name}$`);
}

export function nameOf(detector: Detector): string {
  if (detector.kind === 'explore') return `explore "${detector.work}" with ${detector.states_max} states after a cut`;
  return detector.named === undefined ? detector.file : `${detector.file} "${detector.named}"`;
}

export type Mutated =
  | { readonly kind: 'mutated'; readonly text: string }
  | { readonly kind: 'stale'; readonly problem: string };

export function mutate(text: string, { file, find, replace }: Mutation): Mutated {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined)
    return { kind: 'stale', problem: `${file} has no such text any more` };
  if (more.length > 0) return { kind: 'stale', problem: `${file} has that text ${more.length + 1} times` };
  return { kind: 'mutated', text: before + replace + after };
}
