/** Every file of a repository, as a device's trust client reads it: signed by the right keys, and not what it should be. */

import type { Clock, Net } from '@kedge/core/ports';
import { sha256 } from '@kedge/trust/os/sha256';
import { type Refresh, refresh } from '@kedge/trust/refresh';
import type { Role } from '@kedge/trust/roles';
import { type Files, listRelease, makePairs, signRoot, writeEdition } from '@kedge/trust/testing/vendor';
import { readTrusted } from '@kedge/trust/trusted';
import { answerWith } from '../simulated-net.ts';
import { memoryDisk } from './memory-disk.ts';
import { signDocument } from './os/sign-document.ts';
import { decode, encode, type Outcome, type Target } from './target.ts';

const pairs = makePairs();
const good: ReadonlyMap<string, Uint8Array> = goodRepository();
const clock: Clock = { now_ms: () => Date.parse('2026-06-02T00:00:00Z'), monotonic_ms: () => 0, sleep: async () => {} };

const fileOf: { readonly [role in Role]?: string } = {
  root: 'metadata/2.root.json',
  timestamp: 'metadata/timestamp.json',
  snapshot: 'metadata/1.snapshot.json',
  targets: 'metadata/1.targets.json',
  stable: 'metadata/1.stable.json',
  revocations: 'metadata/1.revocations.json',
};

export const trustTargets: readonly Target[] = (
  ['root', 'timestamp', 'snapshot', 'targets', 'stable', 'revocations'] as const
).map((role) => ({
  name: `metadata ${role}`,
  seeds: [good.get(fileOf[role] ?? '') ?? new Uint8Array()],
  async run(input) {
    await follow(withFile(role, input));
    return follow(withFile(role, signedAnew(role, input)));
  },
  close: async () => {},
}));

function goodRepository(): Files {
  const files: Files = new Map();
  files.set('metadata/1.root.json', signRoot(1, pairs, pairs.root));
  files.set('metadata/2.root.json', signRoot(2, pairs, pairs.root));
  const revocations = {
    format: 'kedge-revocations/1',
    sequence: 1,
    issued_at: '2026-06-01T00:00:00Z',
    entries: [],
  } as const;
  writeEdition(files, { pairs, version: 1, listed: { stable: [listRelease(1)] }, revocations });
  return files;
}

/** With all that leads to the file, which no longer says its length and digest. */
function withFile(role: Role, bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map(good);
  forgetMeta(files, 'snapshot', `${role}.json`);
  forgetMeta(files, 'timestamp', 'snapshot.json');
  return files.set(fileOf[role] ?? '', bytes);
}

function forgetMeta(files: Map<string, Uint8Array>, role: 'snapshot' | 'timestamp', name: string): void {
  const path = fileOf[role] ?? '';
  const { signed } = JSON.parse(decode(files.get(path) ?? new Uint8Array()));
  if (Object.hasOwn(signed.meta, name)) signed.meta[name] = { version: 1 };
  files.set(path, signDocument(signed, pairs[role]));
}

function signedAnew(role: Role, input: Uint8Array): Uint8Array {
  try {
    return signDocument(JSON.parse(decode(input)).signed, pairs[role]);
  } catch {
    // Nothing in it can be signed.
    return input;
  }
}

async function follow(files: ReadonlyMap<string, Uint8Array>): Promise<Outcome> {
  const { disk } = memoryDisk({});
  const options = {
    disk,
    sha256,
    clock,
    net: netOf(files),
    folder: '/trust',
    sources: ['http://repository'],
    initial_root: good.get('metadata/1.root.json') ?? new Uint8Array(),
    build_time_ms: 0,
    channels: ['stable'] as const,
  };
  const refreshed: Refresh = await refresh(options);
  const trusted = await readTrusted(options);
  const [problem] = trusted.problems;
  if (refreshed.kind === 'blocked') return { kind: 'refused', message: refreshed.detail };
  return problem === undefined ? { kind: 'accepted' } : { kind: 'refused', message: problem };
}

function netOf(files: ReadonlyMap<string, Uint8Array>): Net {
  return {
    async request(request) {
      const path = decodeURIComponent(new URL(request.url).pathname.slice(1));
      const bytes = files.get(path);
      return bytes ? answerWith(bytes, request) : { ...answerWith(encode('Not found'), {}), status: 404 };
    },
  };
}
