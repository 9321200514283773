import { expect, test } from 'vitest';
import { shareOut } from './explore-shares.ts';

test('every cut of every kind is given out once, whoever asks', () => {
  const operations = new Map([
    ['update', 21],
    ['publish', 5],
    ['first install', 40],
  ]);
  const shares = shareOut([...operations.keys()], 8);
  const given = new Map([...operations.keys()].map((kind): [string, number[]] => [kind, []]));
  for (let worker = 0; ; worker = (worker + 1) % 3) {
    const share = shares.next(worker);
    if (!share) break;
    const count = operations.get(share.kind) ?? 0;
    shares.learn(share.kind, count);
    for (let cut = share.from; cut < Math.min(share.until, count); cut += 1) given.get(share.kind)?.push(cut);
  }
  for (const [kind, count] of operations) {
    expect(given.get(kind)?.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, cut) => cut));
  }
});

test('a worker keeps to its kind while others are left, and then helps where most is left to do', () => {
  const shares = shareOut(['a', 'b'], 4);
  expect(shares.next(0)).toEqual({ kind: 'a', from: 0, until: 4 });
  expect(shares.next(1)).toEqual({ kind: 'b', from: 0, until: 4 });
  shares.learn('a', 12);
  shares.learn('b', 4);
  expect(shares.next(0)).toEqual({ kind: 'a', from: 4, until: 8 });
  expect(shares.next(1)).toEqual({ kind: 'a', from: 8, until: 12 });
  expect(shares.next(0)).toBeUndefined();
});
