/** Stage 3, download: from the first source that gives the whole artifact, going on where an earlier try was cut off. */

import { type Artifact, artifactPath } from '@kedge/core/manifest';
import type { DiskWriter, NetResponse } from '@kedge/core/ports';
import { makeFolderDurable } from '@kedge/trust/atomic-file';
import { joinUrl } from '@kedge/trust/fetch-file';
import type { Device } from '../device.ts';
import { sentenceOf } from '../failure.ts';
import {
  answer_timeout_ms,
  idle_timeout_ms,
  partial_age_ms_max,
  rate_bytes_per_s_min,
  rate_window_ms,
  sync_every_bytes,
} from '../limits.ts';
import { type Ended, ended } from '../report.ts';
import type { Chosen } from './2-evaluate.ts';

export type Fetched = {
  readonly kind: 'fetched';
  /** Absolute path. It has the length of the artifact; nothing else of it has been verified. */
  readonly file: string;
  /** Null when all of it was here already. */
  readonly source: string | null;
  readonly fetched_bytes: number;
};

export type Downloaded = Omit<Chosen, 'kind'> & { readonly kind: 'downloaded'; readonly fetched: Fetched };

export async function download(device: Device, chosen: Chosen): Promise<Downloaded | Ended> {
  const fetched = await fetchArtifact(device, chosen.artifact, new Set());
  if (fetched.kind === 'fetched') return { ...chosen, kind: 'downloaded', fetched };
  return ended({ ...unreachable(fetched), stage: 'download', to: chosen.release.manifest.version });
}

/** Every source failed. What came until then is gone on from next time. */
export type FetchFailed = { readonly kind: 'failed'; readonly reason: string; readonly fetched_bytes: number };

export function unreachable({ reason, fetched_bytes }: FetchFailed) {
  return { kind: 'failed', reasons: [reason], fetched_bytes, obstacle: 'unreachable' } as const;
}

/** @param avoid sources that gave something else before; asked last */
export async function fetchArtifact(
  device: Device,
  artifact: Artifact,
  avoid: ReadonlySet<string>,
): Promise<Fetched | FetchFailed> {
  await makeFolderDurable(device.disk, device.paths.downloads);
  await dropOldPartials(device, artifact);
  const file = `${device.paths.downloads}/${artifact.sha256}.part`;
  const problems: string[] = [];
  let fetched_bytes = 0;
  if ((await sizeOf(device, file)) === artifact.length_bytes) {
    return { kind: 'fetched', file, source: null, fetched_bytes };
  }
  const sources = device.config.repository.toSorted((a, b) => Number(avoid.has(a)) - Number(avoid.has(b)));
  for (const source of sources) {
    const before_bytes = await sizeOf(device, file);
    try {
      fetched_bytes += await fetchRest(device, artifact, joinUrl(source, artifactPath(artifact.sha256)), file);
      return { kind: 'fetched', file, source, fetched_bytes };
    } catch (error) {
      if (!(error instanceof SourceFailed)) throw error;
      fetched_bytes += Math.max(0, (await sizeOf(device, file)) - before_bytes);
      problems.push(error.message);
    }
    device.signal.throwIfAborted();
  }
  return { kind: 'failed', reason: problems.join('; '), fetched_bytes };
}

/** The source is at fault, and the next one may do better. */
class SourceFailed extends Error {
  override readonly name = 'SourceFailed';

  constructor(problem: string, options?: ErrorOptions) {
    super(`${problem}: try another source, or later`, options);
  }
}

/** Returns how many bytes were fetched. @throws SourceFailed; what came until then is kept */
async function fetchRest(device: Device, artifact: Artifact, url: string, file: string): Promise<number> {
  const have_bytes = await sizeOf(device, file);
  const response = await ask(device, url, have_bytes);
  const goesOn = have_bytes > 0 && response.status === 206 && startOf(response) === have_bytes;
  if (!goesOn && response.status !== 200) {
    await response.body[Symbol.asyncIterator]().return?.();
    // A partial that the source does not know how to go on with is of no use.
    if (response.status === 416 || response.status === 206) await device.disk.removeFile(file);
    throw new SourceFailed(`${url} answered ${response.status}`);
  }
  const writer = await device.disk.open(file, goesOn ? 'append' : 'new', 0o600);
  try {
    const from_bytes = goesOn ? have_bytes : 0;
    const fetched_bytes = await receive(device, artifact, url, response, writer, from_bytes);
    if (from_bytes + fetched_bytes < artifact.length_bytes) {
      throw new SourceFailed(`${url} ended after ${from_bytes + fetched_bytes} of ${artifact.length_bytes} bytes`);
    }
    return fetched_bytes;
  } finally {
    try {
      // What came before a failure is worth going on from.
      await writer.sync();
    } finally {
      await writer.close();
    }
  }
}

async function ask(device: Device, url: string, have_bytes: number): Promise<NetResponse> {
  try {
    return await device.net.request({
      method: 'GET',
      url,
      headers: have_bytes > 0 ? { range: `bytes=${have_bytes}-` } : {},
      answer_timeout_ms,
      idle_timeout_ms,
      signal: device.signal,
    });
  } catch (error) {
    device.signal.throwIfAborted();
    throw new SourceFailed(`${url}: ${sentenceOf(error)}`, { cause: error });
  }
}

/** Never writes more than the artifact's length, never waits for less than the lowest rate. */
async function receive(
  device: Device,
  artifact: Artifact,
  url: string,
  response: NetResponse,
  writer: DiskWriter,
  from_bytes: number,
): Promise<number> {
  const { clock, emit, config, signal } = device;
  const began_ms = clock.monotonic_ms();
  let window = { began_ms, bytes: 0 };
  let fetched_bytes = 0;
  let unsynced_bytes = 0;
  for await (const chunk of chunksOf(device, url, response)) {
    const done_bytes = from_bytes + fetched_bytes + chunk.length;
    if (done_bytes > artifact.length_bytes)
      throw new SourceFailed(`${url} sends more than ${artifact.length_bytes} bytes`);
    await writer.write(chunk);
    fetched_bytes += chunk.length;
    unsynced_bytes += chunk.length;
    if (unsynced_bytes >= sync_every_bytes) {
      await writer.sync();
      unsynced_bytes = 0;
    }
    emit({ kind: 'progress', done_bytes, total_bytes: artifact.length_bytes });
    window = checkRate(url, { ...window, bytes: window.bytes + chunk.length }, clock.monotonic_ms());
    const cap = config.policy.bandwidth_bytes_per_s_max;
    const ahead_ms = cap === undefined ? 0 : (fetched_bytes / cap) * 1000 - (clock.monotonic_ms() - began_ms);
    if (ahead_ms > 1) {
      await clock.sleep(ahead_ms, signal);
      window = { began_ms: clock.monotonic_ms(), bytes: 0 };
    }
  }
  return fetched_bytes;
}

async function* chunksOf(device: Device, url: string, response: NetResponse): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body;
  } catch (error) {
    device.signal.throwIfAborted();
    throw new SourceFailed(`${url} broke off: ${sentenceOf(error)}`, { cause: error });
  }
}

type RateWindow = { readonly began_ms: number; readonly bytes: number };

function checkRate(url: string, window: RateWindow, now_ms: number): RateWindow {
  const duration_ms = now_ms - window.began_ms;
  if (duration_ms < rate_window_ms) return window;
  if ((window.bytes * 1000) / duration_ms >= rate_bytes_per_s_min) return { began_ms: now_ms, bytes: 0 };
  throw new SourceFailed(`${url} gives less than ${rate_bytes_per_s_min} bytes a second`);
}

function startOf(response: NetResponse): number | undefined {
  const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

async function sizeOf(device: Device, file: string): Promise<number> {
  const entry = await device.disk.stat(file);
  return entry?.kind === 'file' ? entry.size_bytes : 0;
}

async function dropOldPartials(device: Device, artifact: Artifact): Promise<void> {
  const { disk, paths, clock } = device;
  for (const name of (await disk.list(paths.downloads)) ?? []) {
    const path = `${paths.downloads}/${name}`;
    const entry = await disk.stat(path);
    if (entry?.kind !== 'file' || name.startsWith(artifact.sha256)) continue;
    if (clock.now_ms() - entry.modified_ms > partial_age_ms_max) await disk.removeFile(path);
  }
}
