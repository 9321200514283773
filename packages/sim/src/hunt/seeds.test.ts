import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '@kedge/core/parse';
import { expect, test } from 'vitest';
import { openKit } from './kit.ts';
import { play } from './play.ts';
import { scenario } from './scenario.ts';

const file = join(import.meta.dirname, '../../seeds.txt');

test('no history that ever went wrong does so again', async () => {
  const kit = await openKit();
  const lines = readFileSync(file, 'utf8').split('\n');
  for (const [index, line] of lines.entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [json = '', why] = line.split('\t');
    const { violation } = await play(kit, parseJson(scenario, json, `line ${index + 1}`));
    expect({ line: index + 1, why, violation }).toEqual({ line: index + 1, why, violation: undefined });
  }
});
