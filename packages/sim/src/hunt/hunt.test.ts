import type { Disk } from '@kedge/core/ports';
import { beforeAll, describe, expect, test } from 'vitest';
import { diskFaultKinds, type Fault, nameOf, netFaultKinds } from '../faults/fault.ts';
import { rememberSignatures } from '../os/remembered-signatures.ts';
import { generate } from './generate.ts';
import { huntSeed } from './hunt.ts';
import { openKit } from './kit.ts';
import { type Kit, type Played, play } from './play.ts';
import { healths, type Scenario } from './scenario.ts';

let kit: Kit;
beforeAll(async () => {
  rememberSignatures();
  kit = await openKit();
});

/** For each kind of fault a history in which it strikes and makes a difference. */
const examples: { readonly [kind: string]: number } = {
  'app crashes': 1,
  'app does_not_start': 5,
  'app ill': 2,
  'app ill_for_a_while': 9,
  'app slow': 40,
  clock_drift: 6,
  clock_jump: 25,
  clock_set: 10,
  'disk full': 2,
  'disk read_error': 17,
  'disk read_only': 3,
  'disk write_error': 5,
  kill: 9,
  'net empty': 33,
  'net endless': 23,
  'net flipped': 1,
  'net old_file': 34,
  'net other_file': 27,
  'net partition': 4,
  'net portal': 23,
  'net range_elsewhere': 28,
  'net range_ignored': 2,
  'net range_untold': 70,
  'net redirect': 12,
  'net refused': 23,
  'net reset': 2,
  'net server_error': 16,
  'net slow': 6,
  'net stall': 5,
  'net stall_in_body': 16,
  'net too_long': 70,
  'net too_many_requests': 6,
  'net truncated': 14,
  'net wrong_length': 1,
  power_cut: 4,
  stop: 14,
};

function scenarioOf(seed: number): Scenario {
  return generate(
    seed,
    kit.attacks.map(({ name }) => name),
  );
}

test('the same seed gives the same history, operation by operation, and another seed another', async () => {
  const [once, again, other] = [await replay(7), await replay(7), await replay(8)];
  expect(again).toEqual(once);
  expect(other.digest).not.toBe(once.digest);
});

function replay(seed: number): Promise<Played> {
  return play(kit, scenarioOf(seed));
}

test('there is an example of every kind of fault', () => {
  expect(Object.keys(examples).toSorted()).toEqual(everyKind().toSorted());
});

test('whatever happens, no device is stranded, and each fault makes a difference', async () => {
  const attacks = new Set<string>();
  let updates = 0;
  for (const seed of new Set(Object.values(examples))) {
    const played = await replay(seed);
    expect({ seed, violation: played.violation }).toEqual({ seed, violation: undefined });
    updates += played.updates;
    for (const name of played.faults.keys()) if (name.startsWith('attack')) attacks.add(name);
    for (const kind of Object.keys(examples).filter((kind) => examples[kind] === seed)) {
      expect([...played.faults.keys()]).toContain(kind);
      const other = await play(kit, without(kind, scenarioOf(seed)));
      expect({ kind, isSame: other.digest === played.digest }).toEqual({ kind, isSame: false });
    }
  }
  expect(updates).toBeGreaterThan(30);
  expect(attacks.size).toBeGreaterThan(5);
}, 300_000);

function everyKind(): string[] {
  return [
    ...netFaultKinds.map((how) => `net ${how}`),
    ...diskFaultKinds.map((how) => `disk ${how}`),
    'power_cut',
    'kill',
    'stop',
    'clock_set',
    'clock_jump',
    'clock_drift',
    ...healths.filter((health) => health !== 'well').map((health) => `app ${health}`),
  ];
}

/** The same history without it. */
function without(kind: string, { seed, steps }: Scenario): Scenario {
  const isOther = (fault: Fault) => nameOf(fault) !== kind;
  return {
    seed,
    steps: steps.map(({ act, faults }) => ({
      act:
        act.kind === 'publish' && kind === `app ${act.release.health}`
          ? { ...act, release: { ...act.release, health: 'well' as const } }
          : act,
      faults: faults.filter(isOther),
    })),
  };
}

describe('a disk that breaks its promises is found out', () => {
  const spoiled: readonly (readonly [string, (disk: Disk) => Disk])[] = [
    ['fsync of a file does nothing', withoutFileSync],
    ['fsync of a folder does nothing', (disk) => ({ ...disk, syncFolder: () => Promise.resolve() })],
    ['a rename first removes what it replaces', withTornRename],
  ];

  test.each(spoiled)(
    '%s',
    async (_, spoil) => {
      const wrong = await firstWrong({ ...kit, spoil });
      expect(wrong.least.steps.length).toBeLessThan(scenarioOf(wrong.seed).steps.length);
      // What is left of the history still goes wrong, and goes right on an honest disk.
      expect((await play({ ...kit, spoil }, wrong.least)).violation?.checker).toBe(wrong.checker);
      expect((await play(kit, wrong.least)).violation).toBeUndefined();
    },
    300_000,
  );
});

async function firstWrong(spoiled: Kit) {
  for (let seed = 1; seed <= seeds_max; seed += 1) {
    const { wrong } = await huntSeed(spoiled, seed, shrink_tries_max);
    if (wrong) return wrong;
  }
  throw new Error('nothing was found');
}

const seeds_max = 400;
const shrink_tries_max = 30;

function withoutFileSync(disk: Disk): Disk {
  return {
    ...disk,
    async open(path, how, mode) {
      return { ...(await disk.open(path, how, mode)), sync: () => Promise.resolve() };
    },
  };
}

function withTornRename(disk: Disk): Disk {
  return {
    ...disk,
    async rename(from, to) {
      if ((await disk.stat(to))?.kind !== 'folder') {
        await disk.removeFile(to);
        await disk.syncFolder(to.slice(0, to.lastIndexOf('/')));
      }
      await disk.rename(from, to);
    },
  };
}
