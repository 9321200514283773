/** A valid manifest and a device that it fits, for tests. */

import type { Candidate, Device } from './evaluate.ts';
import { type Manifest, manifest } from './manifest.ts';
import { parseWith } from './parse.ts';

export const digest = (digit: string) => digit.repeat(64);

export const sampleManifestInput = {
  format: 'kedge-manifest/1',
  product: 'recorder',
  version: '2.6.0',
  channel: 'stable',
  counter: 20,
  severity: 'minor',
  released_at: '2026-01-20T08:00:00Z',
  git_commit: null,
  artifacts: [
    {
      platform: 'linux-x64',
      sha256: digest('a'),
      length_bytes: 1_000,
      unpacked_bytes: 3_000,
      entry_count: 3,
      tree_sha256: digest('b'),
    },
  ],
  run: { command: ['bin/recorder', '--data', '${data}'] },
};

export function sampleManifest(changes: { readonly [field: string]: unknown } = {}): Manifest {
  return parseWith(manifest, { ...sampleManifestInput, ...changes }, 'manifest');
}

/** Its digest is made of the last digit of its counter, unless given. */
export function sampleRelease(changes: Partial<Manifest> = {}, manifest_sha256?: string): Candidate {
  const release = { ...sampleManifest(), ...changes };
  return { manifest: release, manifest_sha256: manifest_sha256 ?? digest(String(release.counter % 10)) };
}

export const sampleNow_ms = Date.parse('2026-01-20T12:00:00Z');

export const sampleDevice: Device = {
  product: 'recorder',
  platform: 'linux-x64',
  hardware: ['cam-1'],
  agent_version: '1.0.0',
  ram_bytes: 1_000_000,
  disk_free_bytes: 1_000_000,
  backup_bytes: 500,
  runtimes: { node: '24.1.0' },
  installed: { version: '2.5.0', counter: 10, manifest_sha256: digest('f') },
  channel: 'stable',
  pins: [],
  revocations: {
    format: 'kedge-revocations/1',
    sequence: 1,
    issued_at: '2026-01-20T00:00:00Z',
    entries: [],
  },
  revocations_checked_ms: sampleNow_ms - 60_000,
  consents: [],
  wanted: null,
};
