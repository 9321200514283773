/** When an app that ended by itself is started again, and when no more. */

const crash_loop_exits = 5;
const crash_loop_window_ms = 600_000;
const pause_min_ms = 1_000;
const pause_max_ms = 60_000;

export type Exits = {
  /** Moments of the monotonic clock, within the window. */
  readonly recent_ms: readonly number[];
  /** Since the app last ran for a whole window. */
  readonly in_a_row: number;
};

export const noExits: Exits = { recent_ms: [], in_a_row: 0 };

export type AfterExit =
  | { readonly kind: 'restart'; readonly after_ms: number; readonly exits: Exits }
  | { readonly kind: 'crash_loop'; readonly exits: Exits };

export function afterExit(before: Exits, started_ms: number, ended_ms: number): AfterExit {
  const recent_ms = [...before.recent_ms, ended_ms].filter((moment) => ended_ms - moment < crash_loop_window_ms);
  const in_a_row = ended_ms - started_ms < crash_loop_window_ms ? before.in_a_row + 1 : 1;
  const exits = { recent_ms, in_a_row };
  if (recent_ms.length >= crash_loop_exits) return { kind: 'crash_loop', exits };
  return { kind: 'restart', after_ms: Math.min(pause_max_ms, pause_min_ms * 2 ** (in_a_row - 1)), exits };
}
