/** What a hostile mirror can do: it holds no key, and all that the vendor has ever published. */

import { metadataFile } from '@kedge/trust/metadata-set';
import { copyOf, type FileSystem } from '../disk/model.ts';
import { repository_folder } from '../simulated-vendor.ts';
import type { Attack, Ground, Verdict } from './attack.ts';
import { type Deed, type Forge, forgeOn, newestFile, openForge, parse } from './forge.ts';
import { newestRelease } from './forged-release.ts';
import { dripping, endless, replaced } from './tap.ts';

const all = { seen: 'all' } as const;
const behind = { seen: 'all but the newest' } as const;

function mirror(name: string, verdict: Verdict, deed: Deed): Attack {
  return { name, loot: 'nothing', verdict, apply: (ground) => forgeOn(ground, 'nothing', deed) };
}

/** The same bytes but for one. */
function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const middle = copy.length >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

async function flipMetadata({ disk, read, write }: Forge, role: string): Promise<void> {
  const path = `metadata/${await newestFile(disk, role)}`;
  const { signed, ...rest } = parse(await read(path));
  await write(
    path,
    new TextEncoder().encode(JSON.stringify({ ...rest, signed: { ...signed, expires: '2099-01-01T00:00:00Z' } })),
  );
}

async function grow({ read, write }: Forge, path: string, length_bytes: number): Promise<void> {
  const bytes = await read(path);
  const grown = new Uint8Array(length_bytes).fill(0x20);
  grown.set(bytes);
  await write(path, grown);
}

/** An old file of the role under the name of the newest. */
async function serveOld(forge: Forge, ground: Ground, role: string): Promise<boolean> {
  const file = await newestFile(forge.disk, role);
  for (const vendor of ground.past) {
    const old = await openForge({ ...ground, vendor }, 'nothing');
    const oldFile = await newestFile(old.disk, role);
    if (oldFile === file && role !== 'timestamp') continue;
    await forge.write(`metadata/${file}`, await old.read(`metadata/${oldFile}`));
    return true;
  }
  return false;
}

/** The whole repository of another day. */
function oldRepository(name: string, verdict: Verdict, choose: (ground: Ground) => FileSystem | undefined): Attack {
  return {
    name,
    loot: 'nothing',
    verdict,
    async apply(ground) {
      const system = choose(ground);
      return system && { repository: copyOf(system) };
    },
  };
}

const mixed = { report: 'refused', because: /files of different days were mixed/ } as const;

export const mirrorAttacks: readonly Attack[] = [
  mirror(
    'tampered artifact',
    { ...behind, report: 'refused', because: /is not what was signed, 3 times/ },
    async (forge) => {
      const { artifact } = await newestRelease(forge);
      await forge.write(artifact, flipped(await forge.read(artifact)));
    },
  ),
  mirror('short artifact', { ...behind, report: 'failed', because: /ended after \d+ of \d+ bytes/ }, async (forge) => {
    const { artifact } = await newestRelease(forge);
    await forge.write(artifact, (await forge.read(artifact)).slice(0, -1));
  }),
  mirror('long artifact', { ...behind, report: 'failed', because: /sends more than \d+ bytes/ }, async (forge) => {
    const { artifact } = await newestRelease(forge);
    await grow(forge, artifact, (await forge.read(artifact)).length + 1);
  }),
  mirror(
    'another release’s artifact',
    { ...behind, report: 'refused', because: /is not what was signed, 3 times/ },
    async (forge, ground) => {
      const { artifact } = await newestRelease(forge);
      const [first] = ground.past;
      if (!first) return false;
      const old = await openForge({ ...ground, vendor: first }, 'nothing');
      const other = (await newestRelease(old)).artifact;
      if (other === artifact) return false;
      await forge.write(artifact, await old.read(other));
      return true;
    },
  ),
  mirror('tampered manifest', { ...behind, report: 'blocked', because: /is not what was signed/ }, async (forge) => {
    const { manifest } = await newestRelease(forge);
    await forge.write(manifest, flipped(await forge.read(manifest)));
  }),
  mirror(
    'oversized manifest',
    { ...behind, report: 'blocked', because: /is longer than the \d+ bytes/ },
    async (forge) => {
      const { manifest } = await newestRelease(forge);
      await grow(forge, manifest, 3_000_000);
    },
  ),
  mirror('withheld manifest', { ...behind, report: 'blocked', because: /lacks stable\/.*\.json/ }, async (forge) => {
    const { manifest } = await newestRelease(forge);
    await forge.disk.removeFile(`${repository_folder}/${manifest}`);
  }),
  mirror('withheld artifact', { ...behind, report: 'failed', because: /answered 404/ }, async (forge) => {
    const { artifact } = await newestRelease(forge);
    await forge.disk.removeFile(`${repository_folder}/${artifact}`);
  }),
  mirror('tampered timestamp', { ...all, report: 'refused', because: /was signed by 0\/1 keys/ }, (forge) =>
    flipMetadata(forge, 'timestamp'),
  ),
  mirror('tampered snapshot', { ...behind, ...mixed }, (forge) => flipMetadata(forge, 'snapshot')),
  mirror('tampered channel', { ...behind, ...mixed }, (forge) => flipMetadata(forge, 'stable')),
  mirror(
    'a root that nobody signed',
    { ...all, report: 'refused', because: /root was signed by 0\/2 keys/ },
    async (forge) => {
      const signed = await forge.signedBy('root');
      signed.version += 1;
      const bytes = new TextEncoder().encode(JSON.stringify({ signatures: [], signed }));
      await forge.write(`metadata/${metadataFile('root', signed.version)}`, bytes);
    },
  ),
  mirror(
    'the old root again',
    { ...all, report: 'refused', because: /Expected version \d+, got \d+: an old copy/ },
    async (forge) => {
      const { version } = await forge.signedBy('root');
      const bytes = await forge.read(`metadata/${metadataFile('root', version)}`);
      await forge.write(`metadata/${metadataFile('root', version + 1)}`, bytes);
    },
  ),
  mirror(
    'a timestamp of another day',
    { ...all, report: 'refused', because: /is less than current version \d+: an old copy|was signed by 0\/1/ },
    (forge, ground) => serveOld(forge, { ...ground, past: ground.past.slice(-1) }, 'timestamp'),
  ),
  mirror('a channel of another day', { ...behind, ...mixed }, (forge, ground) => serveOld(forge, ground, 'stable')),
  mirror('revocations of another day', { ...behind, ...mixed }, (forge, ground) =>
    serveOld(forge, ground, 'revocations'),
  ),
  oldRepository('rollback', { ...all, report: 'refused', because: /an old copy|trusted \d+ before/ }, ({ past }) =>
    past.at(-1),
  ),
  oldRepository(
    'rollback before the last keys',
    { ...all, report: 'refused', because: /was signed by 0\/1 keys|an old copy/ },
    ({ past }) => past[0],
  ),
  oldRepository(
    'freeze',
    { ...all, report: 'blocked', because: /timestamp\.json is expired/, after_days: 8 },
    ({ vendor }) => vendor,
  ),
  oldRepository(
    'freeze before the newest release',
    { ...behind, report: 'blocked', because: /timestamp\.json is expired/, after_days: 8 },
    ({ past }) => past.at(-1),
  ),
  oldRepository(
    'freeze until the root has expired',
    { ...all, report: 'blocked', because: /root\.json is expired/, after_days: 370 },
    ({ vendor }) => vendor,
  ),
  mirror('oversized timestamp', { ...all, report: 'blocked', because: /is longer than the 16384 bytes/ }, (forge) =>
    grow(forge, 'metadata/timestamp.json', 20_000),
  ),
  mirror('oversized root', { ...all, report: 'blocked', because: /is longer than the 512000 bytes/ }, async (forge) => {
    const { version } = await forge.signedBy('root');
    await forge.write(`metadata/${metadataFile('root', version + 1)}`, new Uint8Array(600_000));
  }),
  mirror(
    'oversized channel',
    { ...behind, report: 'blocked', because: /is longer than the 5000000 bytes/ },
    async (forge) => grow(forge, `metadata/${await newestFile(forge.disk, 'stable')}`, 6_000_000),
  ),
  mirror(
    'half a copy',
    { ...behind, report: 'blocked', because: /lacks \d+\.stable\.json: it may be half copied/ },
    async (forge) => forge.disk.removeFile(`${repository_folder}/metadata/${await newestFile(forge.disk, 'stable')}`),
  ),
  replaced(
    'endless timestamp',
    { ...all, report: 'blocked', because: /is longer than the 16384 bytes/ },
    /timestamp\.json$/,
    endless,
  ),
  replaced(
    'endless artifact',
    { ...behind, report: 'failed', because: /sends more than \d+ bytes/ },
    /\/artifacts\//,
    endless,
  ),
  replaced(
    'slow metadata',
    { ...all, report: 'blocked', because: /the source is too slow/ },
    /timestamp\.json$/,
    dripping,
  ),
  replaced(
    'slow artifact',
    { ...behind, report: 'failed', because: /gives less than 512 bytes a second/ },
    /\/artifacts\//,
    dripping,
  ),
];
