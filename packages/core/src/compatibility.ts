/** Whether a release can run on a device, and if not, all that stands against it. */

import type { ReleaseRef } from './journal.ts';
import type { Artifact, Manifest } from './manifest.ts';
import { findArtifact } from './platform.ts';
import { compareVersions } from './version.ts';

export type DeviceFacts = {
  readonly platform: string;
  readonly hardware: readonly string[];
  readonly agent_version: string;
  /** Installed memory. */
  readonly ram_bytes: number;
  readonly disk_free_bytes: number;
  /** What a backup of the app's data will take. */
  readonly backup_bytes: number;
  /** Versions in semver form, by name of the runtime. */
  readonly runtimes: { readonly [name: string]: string };
  readonly installed: ReleaseRef | null;
};

/** `version` is that of the release. */
export type Incompatibility = { readonly version: string } & (
  | { readonly kind: 'platform_missing'; readonly platform: string; readonly offered: readonly string[] }
  | {
      readonly kind: 'hardware_unsupported';
      readonly hardware: readonly string[];
      readonly accepted: readonly string[];
    }
  | { readonly kind: 'version_floor'; readonly installed: string; readonly floor: string }
  | { readonly kind: 'agent_too_old'; readonly agent_version: string; readonly needed: string }
  | { readonly kind: 'disk_too_full'; readonly free_bytes: number; readonly needed_bytes: number }
  | { readonly kind: 'memory_too_small'; readonly ram_bytes: number; readonly needed_bytes: number }
  | { readonly kind: 'runtime_missing'; readonly runtime: string; readonly needed: string }
  | { readonly kind: 'runtime_too_old'; readonly runtime: string; readonly found: string; readonly needed: string }
);

export type Compatibility =
  | { readonly kind: 'compatible'; readonly artifact: Artifact }
  | { readonly kind: 'incompatible'; readonly reasons: readonly Incompatibility[] };

export function compatibilityOf(manifest: Manifest, device: DeviceFacts): Compatibility {
  const { version, artifacts } = manifest;
  const artifact = findArtifact(artifacts, device.platform);
  const reasons: Incompatibility[] = [
    ...unmetByIdentity(manifest, device),
    ...unmetByRuntimes(manifest, device),
    ...unmetByResources(manifest, device, artifact),
  ];
  if (artifact && reasons.length === 0) return { kind: 'compatible', artifact };
  if (!artifact) {
    const offered = artifacts.map(({ platform }) => platform);
    reasons.unshift({ kind: 'platform_missing', version, platform: device.platform, offered });
  }
  return { kind: 'incompatible', reasons };
}

function* unmetByIdentity({ version, requirements }: Manifest, device: DeviceFacts): Iterable<Incompatibility> {
  const { hardware: accepted, version_floor: floor, agent_version_min: needed } = requirements;
  const { hardware, installed, agent_version } = device;
  if (accepted && !hardware.some((id) => accepted.includes(id))) {
    yield { kind: 'hardware_unsupported', version, hardware, accepted };
  }
  if (floor && installed && compareVersions(installed.version, floor) < 0) {
    yield { kind: 'version_floor', version, installed: installed.version, floor };
  }
  if (needed && compareVersions(agent_version, needed) < 0) {
    yield { kind: 'agent_too_old', version, agent_version, needed };
  }
}

function* unmetByRuntimes({ version, requirements }: Manifest, device: DeviceFacts): Iterable<Incompatibility> {
  for (const [runtime, needed] of Object.entries(requirements.runtime ?? {})) {
    const found = Object.hasOwn(device.runtimes, runtime) ? device.runtimes[runtime] : undefined;
    if (found === undefined) yield { kind: 'runtime_missing', version, runtime, needed };
    else if (compareVersions(found, needed) < 0) yield { kind: 'runtime_too_old', version, runtime, found, needed };
  }
}

function* unmetByResources(
  { version, requirements }: Manifest,
  { disk_free_bytes: free_bytes, backup_bytes, ram_bytes }: DeviceFacts,
  artifact: Artifact | undefined,
): Iterable<Incompatibility> {
  const { unpacked_bytes, length_bytes } = artifact ?? { unpacked_bytes: 0, length_bytes: 0 };
  const needed_bytes = unpacked_bytes + length_bytes + (requirements.disk_free_bytes ?? 0) + backup_bytes;
  if (free_bytes < needed_bytes) yield { kind: 'disk_too_full', version, free_bytes, needed_bytes };
  const memory_bytes = requirements.ram_bytes ?? 0;
  if (ram_bytes < memory_bytes) yield { kind: 'memory_too_small', version, ram_bytes, needed_bytes: memory_bytes };
}
