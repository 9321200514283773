import { expect, test } from 'vitest';
import { explore, exploreCuts, openExploration } from './explore.ts';
import { addFindings, noFindings } from './explore-findings.ts';
import { kinds } from './explore-kinds.ts';
import { cutText, parseCuts, replay, shrink } from './explore-replay.ts';
import { rememberSignatures } from './os/remembered-signatures.ts';
import type { Kind } from './subject.ts';

rememberSignatures();
/** All kinds in all depth are for `./kedge sim --explore`. */
const few = { states_max: 2, states_again_max: 1, cut_every: 13 };

function kindNamed(name: string): Kind {
  const kind = kinds.find((candidate) => candidate.name === name);
  if (!kind) throw new Error(`there is no kind ${name}`);
  return kind;
}

test.each(kinds.map(({ name }) => name))(
  'no power cut strands a device: %s, with the extremes of what a disk may keep',
  async (name) => {
    const { operations, crash_states, violations } = await explore(kindNamed(name), 1, few);
    expect(operations).toBeGreaterThan(5);
    expect(crash_states).toBeGreaterThan(3);
    expect(violations).toEqual([]);
  },
  120_000,
);

test('what is found does not depend on how many workers share the cuts', async () => {
  const kind = kindNamed('publish');
  const limits = { states_max: 4, states_again_max: 2, cut_every: 5 };
  const alone = await openExploration(kind, 1, limits);
  const all = await exploreCuts(alone, 0, alone.moments.length);
  const shared = noFindings();
  for (const [from, until] of [
    [10, alone.moments.length],
    [0, 10],
  ] as const) {
    addFindings(shared, await exploreCuts(await openExploration(kind, 1, limits), from, until));
  }
  expect([...shared.crash_states].toSorted()).toEqual([...all.crash_states].toSorted());
  expect([...shared.recoveries].toSorted()).toEqual([...all.recoveries].toSorted());
}, 120_000);

test('a disk whose fsync does nothing is found out, and the shortest way there plays again', async () => {
  const kind = kindNamed('a person goes back');
  const { violations } = await explore(kind, 1, { ...few, cut_every: 7, lies: true });
  const [first] = violations;
  if (!first) throw new Error('nothing was found');
  const { cuts, checker } = await shrink(kind, 1, first, true);
  expect(cuts.length).toBeLessThanOrEqual(first.cuts.length);
  const trace: string[] = [];
  const wanted = parseCuts(cutText(cuts)) ?? [];
  const { complaints } = await replay(await kind.prepare(1), wanted, { lies: true, tell: (line) => trace.push(line) });
  expect(complaints.map((complaint) => complaint.checker)).toContain(checker);
  expect(trace.join('\n')).toMatch(/The power goes before operation \d+/);
}, 120_000);
