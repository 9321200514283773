/** Maintenance windows, in the wall time of the place where the device stands. */

import { type Infer, InvalidInput, list, object, oneOf, refine, text, withDefault } from './parse.ts';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const timeOfDay = text({ pattern: /^([01]\d|2[0-3]):[0-5]\d$/, is: 'a time of day like 02:30' });

export const maintenanceWindow = object({
  /** The days on which the window starts. */
  days: withDefault(list(oneOf(...weekdays), { min: 1, max: 7 }), weekdays),
  start: timeOfDay,
  /** Not later than the start: on the next day. */
  end: timeOfDay,
});
export type MaintenanceWindow = Infer<typeof maintenanceWindow>;

export const timeZone = refine(text({ length_max: 64 }), (zone, path) => {
  try {
    wallClock(zone);
    return zone;
  } catch (error) {
    throw new InvalidInput(path, `must be a time zone like Europe/Berlin, got "${zone}"`, { cause: error });
  }
});

export type WindowState =
  /** Null: it never closes. */
  | { readonly kind: 'open'; readonly until_ms: number | null }
  | { readonly kind: 'closed'; readonly opens_at_ms: number };

/**
 * Without windows it is always open.
 *
 * A time that comes twice, when clocks go back, is meant the first time. A time that is left out, when they go forward,
 * is the moment of the jump, so that a window inside the jump does not open on that day.
 */
export function windowAt(windows: readonly MaintenanceWindow[], time_zone: string, now_ms: number): WindowState {
  if (windows.length === 0) return { kind: 'open', until_ms: null };
  const next = openings(windows, wallClock(time_zone), now_ms).find((opening) => opening.until_ms > now_ms);
  if (!next) throw new Error(`no maintenance window opens within ${days_ahead} days`);
  if (next.from_ms > now_ms) return { kind: 'closed', opens_at_ms: next.from_ms };
  return { kind: 'open', until_ms: next.until_ms - now_ms > never_closes_ms ? null : next.until_ms };
}

type Opening = { readonly from_ms: number; readonly until_ms: number };

/** Real time to wall time, both in milliseconds since 1970: what the clock on the wall shows, read as if it were UTC. */
type WallClock = (time_ms: number) => number;

const minute_ms = 60_000;
const day_ms = 24 * 60 * minute_ms;

/** A weekly window, or a weekly pause, may fall into a clock change once, and is then there a week later. */
const days_ahead = 16;
const never_closes_ms = (days_ahead - 1) * day_ms;

/** In order and apart from each other, beginning with what may have opened yesterday. */
function openings(windows: readonly MaintenanceWindow[], clock: WallClock, now_ms: number): readonly Opening[] {
  const today_ms = Math.floor(clock(now_ms) / day_ms) * day_ms;
  const found: Opening[] = [];
  for (let day = -1; day <= days_ahead; day += 1) {
    const midnight_ms = today_ms + day * day_ms;
    for (const { days, start, end } of windows) {
      if (!days.includes(weekdayOf(midnight_ms))) continue;
      const end_ms = midnight_ms + sinceMidnight(end) + (end <= start ? day_ms : 0);
      const from_ms = firstInstant(midnight_ms + sinceMidnight(start), clock);
      const until_ms = firstInstant(end_ms, clock);
      if (from_ms < until_ms) found.push({ from_ms, until_ms });
    }
  }
  return join(found);
}

function join(openings: readonly Opening[]): readonly Opening[] {
  const joined: Opening[] = [];
  for (const opening of openings.toSorted((a, b) => a.from_ms - b.from_ms)) {
    const last = joined.at(-1);
    if (!last || last.until_ms < opening.from_ms) joined.push(opening);
    else joined[joined.length - 1] = { ...last, until_ms: Math.max(last.until_ms, opening.until_ms) };
  }
  return joined;
}

/** The first moment at which the clock on the wall shows this time or has jumped over it. */
function firstInstant(wall_ms: number, clock: WallClock): number {
  const offsetAt = (time_ms: number) => clock(time_ms) - time_ms;
  const before_ms = offsetAt(wall_ms - day_ms);
  const after_ms = offsetAt(wall_ms + day_ms);
  let early_ms = wall_ms - Math.max(before_ms, after_ms);
  let late_ms = wall_ms - Math.min(before_ms, after_ms);
  if (clock(early_ms) === wall_ms) return early_ms;
  if (clock(late_ms) === wall_ms) return late_ms;
  while (late_ms - early_ms > 1) {
    const middle_ms = Math.floor((early_ms + late_ms) / 2);
    if (offsetAt(middle_ms) === after_ms) late_ms = middle_ms;
    else early_ms = middle_ms;
  }
  return late_ms;
}

function wallClock(time_zone: string): WallClock {
  // en-US is in every ICU build, the smallest included: 01/20/2026, 08:00:00
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: time_zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return (time_ms) => {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (
      format.format(time_ms).match(/\d+/g) ?? []
    ).map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second, time_ms % 1000);
  };
}

function sinceMidnight(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return (hours * 60 + minutes) * minute_ms;
}

function weekdayOf(midnight_ms: number): (typeof weekdays)[number] {
  // 1 January 1970 was a Thursday.
  const weekday = weekdays[(((midnight_ms / day_ms + 3) % 7) + 7) % 7];
  if (!weekday) throw new Error(`${midnight_ms} is not a midnight`);
  return weekday;
}
