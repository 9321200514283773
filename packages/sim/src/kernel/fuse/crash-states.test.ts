import { expect, test } from 'vitest';
import { createPrng } from '../../prng.ts';
import { crashStates } from './crash-states.ts';
import { type DiskOperation, decodeLog, encodeOperation } from './disk-log.ts';

const write = (offset: number, fill: number, bytes = 4096): DiskOperation => ({
  kind: 'write',
  offset,
  bytes: Buffer.alloc(bytes, fill),
});
const flush: DiskOperation = { kind: 'flush' };
const mark: DiskOperation = { kind: 'mark', text: 'saved\n' };
const log = [write(4096, 1), flush, write(8192, 2), mark, write(12_288, 3), flush, write(0, 4)];
const states = crashStates(log, 1000, createPrng(1));

test('what was written before the last flush is durable, and what came after it is not', () => {
  for (const { cut, durable } of states) {
    expect(log[durable - 1]?.kind ?? 'flush').toBe('flush');
    expect(log.slice(durable, cut)).not.toContain(flush);
  }
});

test('of two writes after a flush each may survive without the other, whole or torn at a sector', () => {
  const keys = states.filter(({ durable, cut }) => durable === 2 && cut === 5).map(({ key }) => key);
  expect(keys).toEqual(
    expect.arrayContaining(['2: lost kept', '2: kept kept', expect.stringMatching(/^2: torn .* kept$/)]),
  );
  const torn = states.find(({ key }) => key.startsWith('2: torn'));
  expect(torn?.survived.every(({ offset, bytes }) => offset % 512 === 0 && bytes.length % 512 === 0)).toBe(true);
});

test('the superblock is never torn', () => {
  expect(states.filter(({ durable }) => durable === 6).map(({ key }) => key)).toEqual(['6: ', '6: kept']);
});

test('right after each mark there is the state with nothing that was in doubt, whatever chance chooses', () => {
  expect(crashStates(log, 0, createPrng(1))).toEqual([{ cut: 4, durable: 2, survived: [], key: '2: ' }]);
});

test('no state comes twice, they come by their cut, and a seed repeats them', () => {
  expect(new Set(states.map(({ key }) => key)).size).toBe(states.length);
  const cuts = states.map(({ cut }) => cut);
  expect(cuts).toEqual(cuts.toSorted((one, other) => one - other));
  expect(crashStates(log, 1000, createPrng(1))).toEqual(states);
});

test('a log is read as it was written', () => {
  expect(decodeLog(Buffer.concat(log.map(encodeOperation)))).toEqual(log);
});
