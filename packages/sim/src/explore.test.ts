import { expect, test } from 'vitest';
import { explore } from './explore.ts';
import { type UpdateKind, updateKinds } from './update-kinds.ts';

const few = { states_max: 2, states_again_max: 1 };

function kindNamed(name: string): UpdateKind {
  const kind = updateKinds.find((candidate) => candidate.name === name);
  if (!kind) throw new Error(`there is no kind ${name}`);
  return kind;
}

test.each(['update with a migration', 'roll back by down script', 'roll back by backup', 'a person goes back'])(
  'no power cut strands a device: %s, with the extremes of what a disk may keep',
  async (name) => {
    const { operations, crash_states, violations } = await explore(kindNamed(name), 1, few);
    expect(operations).toBeGreaterThan(20);
    expect(crash_states).toBeGreaterThan(operations);
    expect(violations).toEqual([]);
  },
  120_000,
);

test('a disk whose fsync does nothing is found out', async () => {
  const { violations } = await explore(kindNamed('a person goes back'), 1, { ...few, lies: true });
  expect(violations.length).toBeGreaterThan(0);
}, 120_000);
