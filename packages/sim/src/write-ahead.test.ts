/** The journal is written before the effect that it announces: in which state each effect of an update comes. */

import { createAgent } from '@kedge/agent/agent';
import type { Device } from '@kedge/agent/device';
import { update } from '@kedge/agent/update';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TinyRelease } from './testing/tiny-app.ts';
import { type Booted, createWorld, type World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const asked = { kind: 'asked', wanted: null } as const;
const untilSwitching = [
  'COMPLETE: back up',
  'STAGING: unpack 1.1.0',
  'MIGRATING: stop',
  'MIGRATING: up 0002_stars',
  'SWITCHING: previous is 1.0.0',
  'SWITCHING: stop',
  'SWITCHING: current is 1.1.0',
  'SWITCHED: start 1.1.0',
];

test('of an update with a migration', async () => {
  const { device, effects } = await installed({ version: '1.1.0', counter: 2 });
  expect(await update(device, asked)).toMatchObject({ kind: 'updated', to: '1.1.0' });
  expect(effects).toEqual([...untilSwitching, 'COMMITTING: installed is 1.1.0', 'COMMITTING: previous is 1.0.0']);
});

test('of a roll back by the way down', async () => {
  const { device, effects } = await installed({ version: '1.1.0', counter: 2, ill: 'answers 503' });
  expect(await update(device, asked)).toMatchObject({ kind: 'rolled_back' });
  expect(effects).toEqual([
    ...untilSwitching,
    'ROLLING_BACK: stop',
    'ROLLING_BACK: down 0002_stars',
    'ROLLING_BACK: current is 1.0.0',
    'ROLLING_BACK: previous is undefined',
    'COMPLETE: start 1.0.0',
    'COMPLETE: drop 1.1.0',
  ]);
});

test('of a roll back by the backup', async () => {
  const release = { version: '1.1.0', counter: 2, ill: 'answers 503', migration: 'has no way down' } as const;
  const { device, effects } = await installed(release);
  expect(await update(device, asked)).toMatchObject({ kind: 'rolled_back' });
  expect(effects).toEqual([
    ...untilSwitching,
    'ROLLING_BACK: stop',
    'ROLLING_BACK: restore',
    'ROLLING_BACK: current is 1.0.0',
    'ROLLING_BACK: previous is undefined',
    'COMPLETE: start 1.0.0',
    'COMPLETE: drop 1.1.0',
  ]);
});

test('of a person going back', async () => {
  const { device, effects } = await installed({ version: '1.1.0', counter: 2 });
  await update(device, asked);
  effects.length = 0;
  expect(await createAgent(device).goBack(false)).toMatchObject({ kind: 'went_back' });
  expect(effects).toEqual([
    'ROLLING_BACK: stop',
    'ROLLING_BACK: down 0002_stars',
    'ROLLING_BACK: current is 1.0.0',
    'ROLLING_BACK: installed is 1.0.0',
    'ROLLING_BACK: previous is undefined',
    'COMPLETE: start 1.0.0',
    'COMPLETE: drop 1.1.0',
  ]);
});

/** 1.0.0 runs, and something newer is offered. */
async function installed(next: TinyRelease): Promise<{ readonly device: Device; readonly effects: string[] }> {
  await world.publish({ version: '1.0.0', counter: 1 });
  const booted = await world.boot();
  await update(booted.device, asked);
  await world.publish(next);
  const effects: string[] = [];
  return { device: watched(booted, effects), effects };
}

/** The same device, whose effects are written down as they begin, each with the state of the journal. */
function watched({ device, trace }: Booted, effects: string[]): Device {
  const { deployer, data, service, memory } = device;
  function noting<A extends readonly unknown[], R>(work: (...args: A) => Promise<R>, say: (...args: A) => string) {
    return async (...args: A): Promise<R> => {
      const state = trace().findLast((line) => !line.startsWith('report'));
      effects.push(`${state}: ${say(...args)}`);
      return work(...args);
    };
  }
  return {
    ...device,
    deployer: {
      ...deployer,
      stage: noting(deployer.stage, (version) => `unpack ${version}`),
      switchTo: noting(deployer.switchTo, (version) => `current is ${version}`),
      setPrevious: noting(deployer.setPrevious, (version) => `previous is ${version}`),
      drop: noting(deployer.drop, (version) => `drop ${version}`),
    },
    data: {
      ...data,
      backup: noting(data.backup, () => 'back up'),
      restore: noting(data.restore, () => 'restore'),
      migrateUp: noting(data.migrateUp, ({ id }) => `up ${id}`),
      migrateDown: noting(data.migrateDown, ({ id }) => `down ${id}`),
    },
    service: {
      ...service,
      start: noting(service.start, ({ manifest }) => `start ${manifest.version}`),
      stop: noting(service.stop, () => 'stop'),
    },
    memory: {
      ...memory,
      installed: {
        ...memory.installed,
        write: noting(memory.installed.write, ({ current }) => `installed is ${current.version}`),
      },
    },
  };
}
