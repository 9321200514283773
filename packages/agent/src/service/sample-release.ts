/** A release as tests need it: all that is not given is what a manifest says when it says little. */

import { manifest } from '@kedge/core/manifest';
import { parseWith } from '@kedge/core/parse';
import type { LocalRelease } from '../ports.ts';

/** @param fields as they stand in a manifest */
export function sampleRelease(folder: string, fields: { readonly [field: string]: unknown } = {}): LocalRelease {
  const artifact = { platform: 'any', sha256: 'a'.repeat(64), length_bytes: 1, unpacked_bytes: 1, entry_count: 1 };
  const sample = {
    format: 'kedge-manifest/1',
    product: 'app',
    version: '1.0.0',
    channel: 'stable',
    counter: 1,
    severity: 'minor',
    released_at: '2026-01-20T08:00:00Z',
    git_commit: null,
    artifacts: [{ ...artifact, tree_sha256: 'b'.repeat(64) }],
    run: { command: ['app'] },
    ...fields,
  };
  return { manifest: parseWith(manifest, sample, 'sample'), folder };
}
