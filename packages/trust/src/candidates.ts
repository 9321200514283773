/** The releases that a device may choose from, with their manifests. */

import { digestOf } from '@kedge/core/digest';
import { type Manifest, manifest, manifestPath } from '@kedge/core/manifest';
import { InvalidInput, parseJson } from '@kedge/core/parse';
import type { Clock, Disk, Net, Sha256 } from '@kedge/core/ports';
import { makeFolderDurable, writeAtomic } from './atomic-file.ts';
import { Distrust } from './distrust.ts';
import { candidates_max, manifest_bytes_max, source_time_ms_max } from './limits.ts';
import { fetchTarget } from './target-file.ts';
import type { TrustedRelease } from './trusted.ts';

export type Candidate = { readonly manifest: Manifest; readonly manifest_sha256: string };

export type Candidates = {
  /** Newest first. */
  readonly candidates: readonly Candidate[];
  /** Releases that are listed and that no source gives as they were signed: a line each. */
  readonly withheld: readonly string[];
  /** Releases that cannot be read by this agent: a line each. */
  readonly problems: readonly string[];
};

export type CandidateOptions = {
  readonly disk: Disk;
  readonly net: Net;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly folder: string;
  readonly sources: readonly string[];
  /** Newest first, as `readTrusted` gives them. */
  readonly releases: readonly TrustedRelease[];
  readonly product: string;
  /** Of the installed release; 0 when there is none. */
  readonly counter_above: number;
};

export async function readCandidates(options: CandidateOptions): Promise<Candidates> {
  const newer = options.releases.filter(
    (release) => productOf(release) === options.product && release.custom.counter > options.counter_above,
  );
  const candidates: Candidate[] = [];
  const withheld: string[] = [];
  const problems: string[] = [];
  for (const release of newestAndNext(newer)) {
    const fetched = await fetchManifest(options, release);
    if (fetched.kind === 'manifest') candidates.push(fetched);
    else (fetched.kind === 'withheld' ? withheld : problems).push(fetched.detail);
  }
  await removeForgotten(options);
  return { candidates, withheld, problems };
}

/**
 * Of more than may be read, the newest and those that come next after the installed one: a device that was away for long
 * may have to take one of these before the newest will have it.
 */
function newestAndNext(releases: readonly TrustedRelease[]): readonly TrustedRelease[] {
  if (releases.length <= candidates_max) return releases;
  return [...releases.slice(0, candidates_max / 2), ...releases.slice(-candidates_max / 2)];
}

export type FetchedManifest =
  | ({ readonly kind: 'manifest' } & Candidate)
  /** No source has what was signed. */
  | { readonly kind: 'withheld'; readonly detail: string }
  /** It is not what its path says, or nothing that this agent knows. */
  | { readonly kind: 'unreadable'; readonly detail: string };

export async function fetchManifest(
  options: Omit<CandidateOptions, 'releases' | 'product' | 'counter_above'>,
  release: TrustedRelease,
): Promise<FetchedManifest> {
  const failures: string[] = [];
  const cached = await readCached(options, release);
  if (cached) return understand(cached, release);
  for (const source of options.sources) {
    try {
      const deadline_ms = options.clock.monotonic_ms() + source_time_ms_max;
      const bytes = await fetchTarget({ ...options, source, deadline_ms }, release, manifest_bytes_max);
      await makeFolderDurable(options.disk, `${options.folder}/manifests`);
      await writeAtomic(options.disk, manifestCachePath(options.folder, release.sha256), bytes);
      return understand(bytes, release);
    } catch (error) {
      if (!(error instanceof Distrust)) throw error;
      failures.push(error.message);
    }
  }
  const detail = failures.join('; ') || 'no source is configured: name the address of a repository';
  return { kind: 'withheld', detail };
}

/** Its own words must agree with the signed path and counter that it was found by. */
function understand(bytes: Uint8Array, release: TrustedRelease): FetchedManifest {
  try {
    const parsed = parseJson(manifest, new TextDecoder().decode(bytes), 'manifest');
    const { version, counter } = release.custom;
    if (manifestPath(parsed) === release.path && parsed.version === version && parsed.counter === counter) {
      return { kind: 'manifest', manifest: parsed, manifest_sha256: release.sha256 };
    }
    return {
      kind: 'unreadable',
      detail: `${release.path} says it is ${manifestPath(parsed)}, release ${parsed.counter}: the publisher has to publish it again`,
    };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return {
      kind: 'unreadable',
      detail: `${release.path}: ${error.message}: this agent may be too old for this release`,
    };
  }
}

async function readCached(
  options: { readonly disk: Disk; readonly sha256: Sha256; readonly folder: string },
  release: TrustedRelease,
): Promise<Uint8Array | undefined> {
  const path = manifestCachePath(options.folder, release.sha256);
  if ((await options.disk.stat(path))?.kind !== 'file') return undefined;
  const bytes = await options.disk.read(path, manifest_bytes_max);
  return bytes && digestOf(options.sha256, bytes) === release.sha256 ? bytes : undefined;
}

/** A manifest that no trusted channel lists any more is not kept. */
async function removeForgotten(options: CandidateOptions): Promise<void> {
  const listed = new Set(options.releases.map(({ sha256 }) => `${sha256}.json`));
  for (const file of (await options.disk.list(`${options.folder}/manifests`)) ?? []) {
    if (!listed.has(file)) await options.disk.removeFile(`${options.folder}/manifests/${file}`);
  }
}

function productOf(release: TrustedRelease): string | undefined {
  return release.path.split('/')[1];
}

/** Where the signed bytes of a trusted manifest are kept. */
export function manifestCachePath(folder: string, sha256: string): string {
  return `${folder}/manifests/${sha256}.json`;
}
