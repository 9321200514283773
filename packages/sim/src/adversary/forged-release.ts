/** The newest release of the device's channel, and others that are made of it. */

import { artifactPath } from '@kedge/core/manifest';
import { targetFile } from '@kedge/trust/target-file';
import { type Forge, NothingToForge, type Signed } from './forge.ts';

/** What of a manifest somebody forges. */
type Manifest = {
  product: string;
  channel: string;
  version: string;
  counter: number;
  artifacts: { sha256: string; platform: string }[];
  requirements?: { hardware?: string[] };
};

export type FoundRelease = {
  readonly channel: Signed;
  /** Files in the repository. */
  readonly manifest: string;
  readonly artifact: string;
  readonly content: Manifest;
};

export async function newestRelease({ signedBy, read }: Forge): Promise<FoundRelease> {
  const channel = await signedBy('stable');
  const [newest] = Object.entries(channel.targets).toSorted(
    ([, a], [, b]) => (b.custom?.counter ?? 0) - (a.custom?.counter ?? 0),
  );
  if (!newest) throw new NothingToForge('nothing was published');
  const [path, { hashes }] = newest;
  const manifest = targetFile({ path, sha256: hashes.sha256 });
  const content: Manifest = JSON.parse(new TextDecoder().decode(await read(manifest)));
  return { channel, manifest, artifact: artifactPath(content.artifacts[0]?.sha256 ?? ''), content };
}

export const forged_version = '99.0.0';

/** Lists one release more: the newest one with changes. By default under the path and counter that it names itself. */
export async function listForged(
  forge: Forge,
  change: Partial<Manifest>,
  listed: { readonly path?: string; readonly counter?: number; readonly version?: string } = {},
): Promise<Signed> {
  const { channel, content } = await newestRelease(forge);
  const manifest = { ...content, version: forged_version, counter: content.counter + 1, ...change };
  const path = listed.path ?? `${manifest.channel}/${manifest.product}/${manifest.version}.json`;
  const { version, counter } = { ...manifest, ...listed };
  await forge.list(channel, path, new TextEncoder().encode(JSON.stringify(manifest)), { version, counter });
  channel.version += 1;
  return channel;
}
