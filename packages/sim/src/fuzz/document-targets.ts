/** The documents that are one JSON text each, and the agent's configuration in YAML. */

import { isDeepStrictEqual } from 'node:util';
import { parseConfig } from '@kedge/agent/config';
import { bindRoutes, routes } from '@kedge/agent/local-api';
import { manifest } from '@kedge/core/manifest';
import { type Parser, parseJson } from '@kedge/core/parse';
import type { Disk } from '@kedge/core/ports';
import { revocationList } from '@kedge/core/revocation';
import { readKeyring } from '@kedge/publish/keyring';
import { readReleaseFile } from '@kedge/publish/release-file';
import { memoryDisk } from './memory-disk.ts';
import { sampleConfig, sampleKeys, sampleManifest, sampleRelease, sampleRevocations } from './samples.ts';
import { decode, encode, refusing, type Target } from './target.ts';

export const documentTargets: readonly Target[] = [
  document('manifest', manifest, [sampleManifest]),
  document('revocations', revocationList, [sampleRevocations]),
  reading('release file', '/release.json', [sampleRelease], (disk) => readReleaseFile(disk, '/release.json')),
  reading('key file', '/keys/key.json', sampleKeys, async (disk) => {
    const keys = await readKeyring(disk, { folder: '/keys', passphrase: 'secret' });
    for (const id of keys.key_ids) keys.sign(id, encode('signed'));
  }),
  {
    name: 'configuration',
    seeds: [encode(sampleConfig), encode('product: tiny\nrepository: [http://a]\nroot: r\nfolder: f\n')],
    run: (input) => refusing(['InvalidInput'], () => parseConfig(decode(input), '/etc/kedge/kedge.yaml')),
    close: async () => {},
  },
  {
    name: 'local API bodies',
    seeds: ['{"version":"1.0.0"}', '{"for_ms":1000}', '{"lose_writes":true}', '{"channel":"lts"}', ''].map(encode),
    run: (input) => refusing(['InvalidInput'], () => askEach(decode(input))),
    close: async () => {},
  },
];

/** A text that is accepted says the same when it is written again. */
function document(name: string, parser: Parser<unknown>, samples: readonly unknown[]): Target {
  return {
    name,
    seeds: samples.map((sample) => encode(JSON.stringify(sample))),
    run: (input) =>
      refusing(['InvalidInput'], () => {
        const value = parseJson(parser, decode(input), name);
        if (!isDeepStrictEqual(parseJson(parser, JSON.stringify(value), name), value)) {
          throw new Error('what was accepted says something else when it is written again');
        }
      }),
    close: async () => {},
  };
}

function reading(
  name: string,
  path: string,
  samples: readonly unknown[],
  read: (disk: Disk) => Promise<unknown>,
): Target {
  return {
    name,
    seeds: samples.map((sample) => encode(JSON.stringify(sample))),
    run: (input) => refusing(['InvalidInput', 'Refused'], () => read(memoryDisk({ [path]: input }).disk)),
    close: async () => {},
  };
}

/** At least one route takes the body, or the refusal of the last one counts. */
async function askEach(body: string): Promise<void> {
  const echo = (value: unknown) => Promise.resolve(value);
  const silent = async function* () {};
  const handlers = { status: echo, explain: echo, history: echo, check: echo, approve: echo, postpone: echo };
  const bound = bindRoutes({ ...handlers, rollback: echo, channel: echo, events: silent });
  const asked = await Promise.allSettled(Object.keys(routes).map((name) => Object(bound)[name](body)));
  const odd = asked.find((one) => one.status === 'rejected' && one.reason?.name !== 'InvalidInput');
  if (odd?.status === 'rejected') throw odd.reason;
  const first = asked.find((one) => one.status === 'rejected');
  if (first && asked.every((one) => one.status === 'rejected')) throw first.reason;
}
