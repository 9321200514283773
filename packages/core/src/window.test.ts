import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseWith } from './parse.ts';
import { type MaintenanceWindow, maintenanceWindow, timeZone, weekdays, windowAt } from './window.ts';

const at = (iso: string) => Date.parse(iso);
const nightly: MaintenanceWindow = { days: weekdays, start: '02:00', end: '04:00' };

/** What the state says, with times in ISO. */
function stateAt(windows: readonly MaintenanceWindow[], zone: string, iso: string): string {
  const state = windowAt(windows, zone, at(iso));
  if (state.kind === 'closed') return `opens ${new Date(state.opens_at_ms).toISOString()}`;
  return `open until ${state.until_ms === null ? 'ever' : new Date(state.until_ms).toISOString()}`;
}

describe('a maintenance window', () => {
  test('is always open when none is given', () => {
    expect(stateAt([], 'UTC', '2026-01-20T12:00:00Z')).toBe('open until ever');
  });

  test('is open from its start to before its end', () => {
    expect(stateAt([nightly], 'UTC', '2026-01-20T01:59:59.999Z')).toBe('opens 2026-01-20T02:00:00.000Z');
    expect(stateAt([nightly], 'UTC', '2026-01-20T02:00:00Z')).toBe('open until 2026-01-20T04:00:00.000Z');
    expect(stateAt([nightly], 'UTC', '2026-01-20T03:59:59.999Z')).toBe('open until 2026-01-20T04:00:00.000Z');
    expect(stateAt([nightly], 'UTC', '2026-01-20T04:00:00Z')).toBe('opens 2026-01-21T02:00:00.000Z');
  });

  test('over midnight belongs to the day on which it starts', () => {
    // 24 January 2026 is a Saturday.
    const weekend: MaintenanceWindow = { days: ['sat'], start: '22:00', end: '03:00' };
    expect(stateAt([weekend], 'UTC', '2026-01-24T02:00:00Z')).toBe('opens 2026-01-24T22:00:00.000Z');
    expect(stateAt([weekend], 'UTC', '2026-01-25T02:00:00Z')).toBe('open until 2026-01-25T03:00:00.000Z');
    expect(stateAt([weekend], 'UTC', '2026-01-25T03:00:00Z')).toBe('opens 2026-01-31T22:00:00.000Z');
  });

  test('is meant in the time of its zone, weekday included', () => {
    const friday: MaintenanceWindow = { days: ['fri'], start: '01:00', end: '02:00' };
    expect(stateAt([friday], 'Pacific/Auckland', '2026-01-20T12:00:00Z')).toBe('opens 2026-01-22T12:00:00.000Z');
    expect(stateAt([friday], 'Asia/Kolkata', '2026-01-20T12:00:00Z')).toBe('opens 2026-01-22T19:30:00.000Z');
  });

  test('that touches another one is one with it', () => {
    const later: MaintenanceWindow = { days: weekdays, start: '04:00', end: '05:00' };
    const within: MaintenanceWindow = { days: weekdays, start: '02:30', end: '03:00' };
    expect(stateAt([within, later, nightly], 'UTC', '2026-01-20T02:40:00Z')).toBe(
      'open until 2026-01-20T05:00:00.000Z',
    );
  });

  test('that ends when it starts lasts a day', () => {
    const monday: MaintenanceWindow = { days: ['mon'], start: '06:00', end: '06:00' };
    expect(stateAt([monday], 'UTC', '2026-01-20T05:00:00Z')).toBe('open until 2026-01-20T06:00:00.000Z');
  });
});

test('windows that leave no pause never close', () => {
  const halves: readonly MaintenanceWindow[] = [
    { days: weekdays, start: '06:00', end: '18:00' },
    { days: weekdays, start: '18:00', end: '06:00' },
  ];
  for (const iso of ['2026-01-20T00:00:00Z', '2026-03-28T23:59:00Z', '2026-10-25T00:30:00Z']) {
    expect(stateAt(halves, 'Europe/Berlin', iso)).toBe('open until ever');
  }
});

describe('when clocks go forward, in Berlin on 29 March 2026 from 02:00 to 03:00', () => {
  const zone = 'Europe/Berlin';

  test('a window around the jump is an hour shorter', () => {
    const early: MaintenanceWindow = { days: weekdays, start: '01:00', end: '04:00' };
    expect(stateAt([early], zone, '2026-03-29T00:30:00Z')).toBe('open until 2026-03-29T02:00:00.000Z');
  });

  test('a window that starts in the jump opens after it', () => {
    const inside: MaintenanceWindow = { days: weekdays, start: '02:30', end: '04:00' };
    expect(stateAt([inside], zone, '2026-03-29T00:30:00Z')).toBe('opens 2026-03-29T01:00:00.000Z');
  });

  test('a window within the jump does not open on that day', () => {
    const lost: MaintenanceWindow = { days: ['sun'], start: '02:15', end: '02:45' };
    expect(stateAt([lost], zone, '2026-03-28T12:00:00Z')).toBe('opens 2026-04-05T00:15:00.000Z');
  });
});

describe('when clocks go back, in Berlin on 25 October 2026 from 03:00 to 02:00', () => {
  const zone = 'Europe/Berlin';

  test('a window around the change is an hour longer', () => {
    const early: MaintenanceWindow = { days: weekdays, start: '01:00', end: '04:00' };
    expect(stateAt([early], zone, '2026-10-24T23:30:00Z')).toBe('open until 2026-10-25T03:00:00.000Z');
  });

  test('a time that comes twice is meant the first time', () => {
    const twice: MaintenanceWindow = { days: weekdays, start: '02:15', end: '02:45' };
    expect(stateAt([twice], zone, '2026-10-24T22:00:00Z')).toBe('opens 2026-10-25T00:15:00.000Z');
    expect(stateAt([twice], zone, '2026-10-25T01:30:00Z')).toBe('opens 2026-10-26T01:15:00.000Z');
  });
});

test('a day that a zone left out altogether opens no window (Samoa, 30 December 2011, a Friday)', () => {
  const friday: MaintenanceWindow = { days: ['fri'], start: '02:00', end: '04:00' };
  expect(stateAt([friday], 'Pacific/Apia', '2011-12-29T12:00:00Z')).toBe('opens 2012-01-05T12:00:00.000Z');
});

const timeOfDay = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
const anyWindow = fc.record({
  days: fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 }),
  start: timeOfDay,
  end: timeOfDay,
});
const anyWindows = fc.array(anyWindow, { minLength: 1, maxLength: 3 });
const anyTime_ms = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') });

test('in every zone, it is shut until it opens and open until it closes', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu');
  fc.assert(
    fc.property(anyWindows, zones, anyTime_ms, (windows, zone, now_ms) => {
      const state = windowAt(windows, zone, now_ms);
      const change_ms = state.kind === 'open' ? state.until_ms : state.opens_at_ms;
      if (change_ms === null) return;
      expect(change_ms).toBeGreaterThan(now_ms);
      expect(windowAt(windows, zone, change_ms - 1)).toEqual(state);
      if (state.kind === 'closed') expect(windowAt(windows, zone, change_ms).kind).toBe('open');
    }),
    { numRuns: 100 },
  );
});

test('where clocks never change, it is open exactly when the clock on the wall says so', () => {
  const zones = fc.constantFrom(
    ['UTC', 0] as const,
    ['Asia/Kolkata', 330] as const,
    ['America/Phoenix', -420] as const,
  );
  fc.assert(
    fc.property(anyWindows, zones, anyTime_ms, (windows, [zone, offset_minutes], now_ms) => {
      const wall = new Date(now_ms + offset_minutes * 60_000);
      const today = wall.getUTCDay();
      const time = wall.toISOString().slice(11, 16);
      const isOpen = windows.some(({ days, start, end }) => {
        const startsOn = (day: number) => days.some((name) => weekdays.indexOf(name) === (day + 6) % 7);
        if (start < end) return startsOn(today) && time >= start && time < end;
        return (startsOn(today) && time >= start) || (startsOn(today + 6) && time < end);
      });
      expect(windowAt(windows, zone, now_ms).kind).toBe(isOpen ? 'open' : 'closed');
    }),
    { numRuns: 200 },
  );
});

test('a window is parsed with its times checked, and is there every day unless it says otherwise', () => {
  expect(parseWith(maintenanceWindow, { start: '22:00', end: '03:00' }, 'window').days).toEqual(weekdays);
  expect(() => parseWith(maintenanceWindow, { start: '24:00', end: '03:00' }, 'window')).toThrow(
    'start: must be a time of day like 02:30, got "24:00"',
  );
  expect(() => maintenanceWindow.parse({ days: ['Mon'], start: '01:00', end: '03:00' }, 'w')).toThrow('w.days[0]');
});

test('a time zone is one that the machine knows', () => {
  expect(timeZone.parse('Europe/Berlin', 'zone')).toBe('Europe/Berlin');
  expect(() => timeZone.parse('Mars/Olympus', 'time_zone')).toThrow(
    'time_zone: must be a time zone like Europe/Berlin, got "Mars/Olympus"',
  );
});
