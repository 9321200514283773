import { update } from '@kedge/agent/update';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const asked = { kind: 'asked', wanted: null } as const;

test('a first install and an update with a migration keep what was written', async () => {
  await world.publish({ version: '1.0.0', counter: 1 });
  const { device } = await world.boot();
  const installed = await update(device, asked);
  expect(installed).toMatchObject({ kind: 'updated', from: null, to: '1.0.0' });
  await world.ask('hello', 'POST');
  await world.publish({ version: '1.1.0', counter: 2 });
  const updated = await update(device, asked);
  expect(updated).toMatchObject({ kind: 'updated', from: '1.0.0', to: '1.1.0', reasons: expect.anything() });
  expect(await world.ask()).toMatchObject({ version: '1.1.0', rows: [{ text: 'hello', stars: 0 }] });
  expect(await update(device, asked)).toMatchObject({ kind: 'up_to_date' });
});
