import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { nodeNet } from '@kedge/trust/os/net';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import { expect, test } from 'vitest';
import { exitCode } from '../exit-code.ts';
import { agent } from './agent.ts';

test.each([
  ['rollback', '1.0.0'],
  ['status', 'all'],
  ['check', '1.0.0', '1.1.0'],
])('%s %s: what would not be looked at is refused, and nothing is done', async (...args) => {
  const said: string[] = [];
  const io = {
    out: (line: string) => said.push(line),
    err: (line: string) => said.push(`! ${line}`),
    env: {},
    signal: new AbortController().signal,
    ports: { disk: nodeDisk, clock: systemClock, random: systemRandom, net: nodeNet(), sha256 },
  };
  expect(await agent([...args, '--config', '/nowhere/kedge.yaml'], io)).toBe(exitCode.usage);
  expect(said[0]).toBe(`! ${args.at(-1)} is too much`);
});
