import { describe, expect, test } from 'vitest';
import { type AfterExit, afterExit, noExits } from './restarts.ts';

/** The app runs for `ran_ms`, ends, waits as told, and so on. */
function exitsOf(runs_ms: readonly number[]): readonly AfterExit[] {
  let now_ms = 0;
  let exits = noExits;
  return runs_ms.map((ran_ms) => {
    const started_ms = now_ms;
    now_ms += ran_ms;
    const next = afterExit(exits, started_ms, now_ms);
    exits = next.exits;
    if (next.kind === 'restart') now_ms += next.after_ms;
    return next;
  });
}

const pauses = (all: readonly AfterExit[]) => all.map((each) => (each.kind === 'restart' ? each.after_ms : each.kind));

describe('after an exit', () => {
  test('the pause doubles from one second, and the fifth exit within ten minutes is a crash loop', () => {
    expect(pauses(exitsOf([10, 10, 10, 10, 10]))).toEqual([1000, 2000, 4000, 8000, 'crash_loop']);
  });

  test('exits too far apart for a crash loop still wait longer each time, up to a minute', () => {
    const threeMinutes_ms = 180_000;
    expect(pauses(exitsOf(Array.from({ length: 9 }, () => threeMinutes_ms)))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ]);
  });

  test('an app that has run for ten minutes begins anew', () => {
    expect(pauses(exitsOf([10, 10, 10, 600_000, 10]))).toEqual([1000, 2000, 4000, 1000, 2000]);
  });
});
