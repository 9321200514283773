import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAgent } from './agent.ts';
import { timeText } from './device.ts';
import { nothing } from './memory.ts';
import type { Report } from './report.ts';
import { fakeClock } from './testing/fake-clock.ts';
import { type TemporaryDevice, temporaryDevice } from './testing/temporary-device.ts';

let place: TemporaryDevice;
beforeEach(async () => {
  place = await temporaryDevice();
});
afterEach(() => place.close());

const kinds: readonly (readonly [Report['kind'], number, number])[] = [
  ['blocked', 54, 66],
  ['failed', 54, 66],
  ['up_to_date', 21 * 60, 27 * 60],
];

test.each(kinds)(
  'an agent that starts after a look that ended as %s looks again in %i to %i minutes',
  async (kind, min, max) => {
    const clock = fakeClock();
    const device = await place.open('', { clock });
    await device.memory.lately.write({ ...nothing.lately, checked: reportOf(kind, clock.now_ms()) });
    const agent = createAgent(device);
    void agent.run();
    await clock.asleep();
    const wait_ms = (agent.nextCheck_ms() ?? 0) - clock.now_ms();
    expect(wait_ms).toBeGreaterThanOrEqual(min * 60_000);
    expect(wait_ms).toBeLessThanOrEqual(max * 60_000);
  },
);

function reportOf(kind: Report['kind'], now_ms: number): Report {
  return {
    id: 'look',
    device_id: 'device',
    product: 'tiny',
    at: timeText(now_ms),
    kind,
    from: null,
    to: null,
    stage: 'discover',
    reasons: [],
    obstacle: null,
    warnings: [],
    lost_writes: null,
    waits_until: null,
    fetched_bytes: 0,
    stages: [],
  };
}
