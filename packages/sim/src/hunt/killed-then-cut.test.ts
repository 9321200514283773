/** What an agent wrote just before it was killed can be read by the next one, and may still be lost with the power. */

import { expect, test } from 'vitest';
import { rememberSignatures } from '../os/remembered-signatures.ts';
import { openKit } from './kit.ts';
import { play } from './play.ts';
import type { Step } from './scenario.ts';

function publish(counter: number, migrations: number): Step {
  const release = {
    version: `1.${counter}.0`,
    counter,
    migrations,
    one_way: [2],
    health: 'well',
    severity: 'patch',
    ballast_bytes: 0,
    foreign: false,
  } as const;
  return { act: { kind: 'publish', release, mirrored: true }, faults: [] };
}

const look: Step = { act: { kind: 'look' }, faults: [] };
const installed: readonly Step[] = [publish(1, 1), look, publish(2, 2), look];

/** In the recovery: by then the app has started, and the release that was left is being tidied away. */
const cut_again_at = 7;

test('an agent that is killed anywhere in a going back, and then loses power, loses nothing that no report names', async () => {
  rememberSignatures();
  const kit = await openKit();
  let kills = 0;
  for (let at = 0; ; at += 1) {
    const killed: Step = {
      act: { kind: 'go_back', may_lose_writes: true },
      faults: [{ kind: 'kill', at, again: cut_again_at, chance: 1 }],
    };
    const { violation, faults } = await play(kit, { seed: 1, steps: [...installed, killed] });
    expect({ at, violation }).toEqual({ at, violation: undefined });
    if (!faults.has('kill')) break;
    kills += 1;
  }
  expect(kills).toBeGreaterThan(30);
}, 120_000);
