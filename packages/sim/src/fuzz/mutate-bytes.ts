/** Changes that know nothing of what the bytes mean. */

import type { Prng } from '../prng.ts';

const interesting = [0, 1, 9, 10, 13, 32, 34, 47, 48, 55, 92, 127, 128, 192, 237, 254, 255];

type Mutation = (prng: Prng, bytes: Uint8Array, other: Uint8Array) => Uint8Array;

const mutations: readonly Mutation[] = [
  flipBit,
  setByte,
  insertBytes,
  dropBytes,
  doubleBytes,
  spliceOther,
  cutShort,
  zeroBlock,
];

/** @param other a second input, to take parts from */
export function mutateBytes(prng: Prng, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let mutated = bytes;
  for (let left = 1 + prng.below(4); left > 0; left -= 1) mutated = pick(prng, mutations)(prng, mutated, other);
  return mutated;
}

export function pick<T>(prng: Prng, choices: readonly [T, ...T[]] | readonly T[]): T {
  const chosen = choices[prng.below(choices.length)];
  if (chosen === undefined) throw new Error('there is nothing to pick from');
  return chosen;
}

function flipBit(prng: Prng, bytes: Uint8Array): Uint8Array {
  return changed(prng, bytes, (byte) => byte ^ (1 << prng.below(8)));
}

function setByte(prng: Prng, bytes: Uint8Array): Uint8Array {
  return changed(prng, bytes, () => pick(prng, interesting));
}

function changed(prng: Prng, bytes: Uint8Array, change: (byte: number) => number): Uint8Array {
  const at = prng.below(bytes.length);
  return bytes.map((byte, index) => (index === at ? change(byte) : byte));
}

function insertBytes(prng: Prng, bytes: Uint8Array): Uint8Array {
  const byte = pick(prng, interesting);
  return spliced(bytes, prng.below(bytes.length + 1), 0, new Uint8Array(1 + prng.below(20)).fill(byte));
}

function dropBytes(prng: Prng, bytes: Uint8Array): Uint8Array {
  return spliced(bytes, prng.below(bytes.length + 1), 1 + prng.below(40), new Uint8Array());
}

function doubleBytes(prng: Prng, bytes: Uint8Array): Uint8Array {
  const [start, length] = [prng.below(bytes.length + 1), prng.below(600)];
  return spliced(bytes, start, 0, bytes.subarray(start, start + length));
}

function spliceOther(prng: Prng, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const start = prng.below(other.length + 1);
  const part = other.subarray(start, start + prng.below(600));
  return spliced(bytes, prng.below(bytes.length + 1), prng.below(2) * part.length, part);
}

function cutShort(prng: Prng, bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, prng.below(bytes.length + 1));
}

function zeroBlock(prng: Prng, bytes: Uint8Array): Uint8Array {
  return spliced(bytes, 512 * prng.below(1 + bytes.length / 512), 512, new Uint8Array(512));
}

function spliced(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  const rest = bytes.subarray(at + removed);
  const result = new Uint8Array(at + inserted.length + rest.length);
  result.set(bytes.subarray(0, at));
  result.set(inserted, at);
  result.set(rest, at + inserted.length);
  return result;
}
