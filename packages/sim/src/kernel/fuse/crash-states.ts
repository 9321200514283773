/**
 * What a disk may hold after the power went: all that was written before the last flush, and of what came after it any part.
 * A sector is written whole or not at all, and so is the superblock: ext4 writes its two sectors in place, with one checksum.
 * Torn it cannot be mounted, whatever runs on it.
 */

import type { Prng } from '../../prng.ts';
import type { DiskOperation } from './disk-log.ts';

const sector_bytes = 512;
const superblock_end = 2048;

export type Piece = { readonly offset: number; readonly bytes: Buffer };

export type CrashState = {
  /** The power went before this operation of the log. */
  readonly cut: number;
  /** The operations before this one are durable. */
  readonly durable: number;
  /** What survived of the writes between the two. */
  readonly survived: readonly Piece[];
  /** Two states with one key are one. */
  readonly key: string;
};

/**
 * Different ones, by the cut: right after each mark with nothing that was in doubt, and then up to `count` by chance, or as
 * many as it finds. Of two moments with the same state the later one counts: more was promised by then.
 */
export function crashStates(log: readonly DiskOperation[], count: number, prng: Prng): readonly CrashState[] {
  const states = new Map<string, CrashState>();
  const add = (state: CrashState): void => {
    if ((states.get(state.key)?.cut ?? 0) <= state.cut) states.set(state.key, state);
  };
  for (const [at, { kind }] of log.entries()) if (kind === 'mark') add(crashState(log, at + 1, () => lost));
  const cuts = momentsOf(log);
  for (let attempt = 0; states.size < count && attempt < 20 * count; attempt += 1) {
    add(crashState(log, cuts[prng.below(cuts.length)] ?? 0, chosenHabit(prng)));
  }
  return [...states.values()].toSorted((one, other) => one.cut - other.cut);
}

const weight_max = 8;

/** Before each operation and at the end; the more often, the more writes are in doubt then. */
function momentsOf(log: readonly DiskOperation[]): readonly number[] {
  let in_doubt = 0;
  const later = log.flatMap(({ kind }, at) => {
    if (kind === 'flush') in_doubt = 0;
    else if (kind === 'write') in_doubt += 1;
    return Array.from({ length: 1 + Math.min(in_doubt, weight_max) }, () => at + 1);
  });
  return [0, ...later];
}

function crashState(log: readonly DiskOperation[], cut: number, fateOf: (operation: Write) => Fate): CrashState {
  const durable = log.findLastIndex(({ kind }, at) => kind === 'flush' && at < cut) + 1;
  const fates = log.slice(durable, cut).flatMap((operation) => (operation.kind === 'write' ? [fateOf(operation)] : []));
  return {
    cut,
    durable,
    survived: fates.flatMap(survivedOf),
    key: `${durable}: ${fates
      .map(nameOf)
      .join(' ')
      .replace(/( ?lost)+$/, '')}`,
  };
}

type Write = Extract<DiskOperation, { readonly kind: 'write' }>;

type Fate =
  | { readonly kind: 'kept'; readonly operation: Write }
  /** `sectors` of it arrived. */
  | { readonly kind: 'torn'; readonly operation: Write; readonly sectors: readonly number[] }
  | { readonly kind: 'lost' };

const lost: Fate = { kind: 'lost' };

/** The extremes, that all or nothing survives, are a quarter each. */
function chosenHabit(prng: Prng): (operation: Write) => Fate {
  const habit = prng.below(4);
  if (habit === 0) return () => lost;
  if (habit === 1) return (operation) => ({ kind: 'kept', operation });
  return (operation) => chosenFate(operation, prng);
}

function chosenFate(operation: Write, prng: Prng): Fate {
  const dice = prng.fraction();
  if (dice < 0.4) return { kind: 'kept', operation };
  if (dice < 0.8 || operation.offset < superblock_end) return lost;
  const sector_count = operation.bytes.length / sector_bytes;
  const sectors = Array.from({ length: sector_count }, (_, sector) => sector).filter(() => prng.below(2) === 0);
  return { kind: 'torn', operation, sectors };
}

function nameOf(fate: Fate): string {
  return fate.kind === 'torn' ? `torn ${fate.sectors.join()}` : fate.kind;
}

function survivedOf(fate: Fate): readonly Piece[] {
  if (fate.kind === 'lost') return [];
  const { offset, bytes } = fate.operation;
  if (fate.kind === 'kept') return [{ offset, bytes }];
  return fate.sectors.map((sector) => {
    const start = sector * sector_bytes;
    return { offset: offset + start, bytes: bytes.subarray(start, start + sector_bytes) };
  });
}
