import { describe, expect, test } from 'vitest';
import { type Candidate, evaluate, type Reason } from './evaluate.ts';
import { explain, explainDecision } from './explain.ts';
import { parseWith } from './parse.ts';
import { policy } from './policy.ts';
import { sampleDevice, sampleManifest, sampleNow_ms, sampleRelease } from './sample.fixture.ts';

const version = '2.6.0';
const noon_ms = Date.parse('2026-01-20T12:00:00Z');

const sentences: readonly (readonly [Reason, string])[] = [
  [{ kind: 'up_to_date', version }, 'Version 2.6.0 is the newest release.'],
  [{ kind: 'up_to_date', version: null }, 'No release has been published for this device yet.'],
  [
    { kind: 'pinned_out', version, reason: 'health: 503', pinned_at: '2026-01-19T08:00:00Z' },
    'Version 2.6.0 is not tried again here since 2026-01-19T08:00:00Z (health: 503); "kedge agent approve 2.6.0" lifts that.',
  ],
  [{ kind: 'revoked', version, reason: 'data loss', action: 'refuse' }, 'was withdrawn by its vendor: data loss.'],
  [{ kind: 'installed_revoked', version, reason: 'data loss' }, 'The installed version 2.6.0 was withdrawn'],
  [{ kind: 'wanted_not_offered', version, channel: 'lts' }, 'but channel lts does not offer it'],
  [{ kind: 'wanted_not_newer', version, installed: '2.7.0' }, 'is not newer than 2.7.0, which is installed'],
  [{ kind: 'wanted', version }, 'Version 2.6.0 was asked for by a person.'],
  [{ kind: 'approved', version }, 'Version 2.6.0 was approved by a person.'],
  [{ kind: 'postponed', version, until_ms: noon_ms }, 'was postponed until 2026-01-20T12:00:00Z.'],
  [{ kind: 'severity', version, severity: 'critical', rule: 'now' }, 'is a critical release, and the policy for these'],
  [{ kind: 'severity', version, severity: 'major', rule: 'ask' }, 'is to ask first.'],
  [{ kind: 'severity', version, severity: 'patch', rule: 'auto' }, 'is to install them without asking.'],
  [{ kind: 'severity', version, severity: 'feature', rule: 'never' }, 'is to leave them; ask for it by its version'],
  [{ kind: 'outside_window', opens_at_ms: noon_ms }, 'The next maintenance window opens at 2026-01-20T12:00:00Z.'],
  [{ kind: 'revocations_missing' }, 'has never been fetched; connect the device'],
  [
    { kind: 'revocations_stale', age_ms: 200 * 3_600_000, age_ms_max: 168 * 3_600_000 },
    '200 h ago, and the policy allows 168 h',
  ],
  [
    { kind: 'over_budget', version, length_bytes: 1_500_000, download_bytes_max: 1_000 },
    'is a download of 1.5 MB, and the policy allows 1.0 kB',
  ],
  [
    { kind: 'platform_missing', version, platform: 'linux-arm', offered: ['linux-x64', 'any'] },
    'only for linux-x64, any.',
  ],
  [
    { kind: 'hardware_unsupported', version, hardware: [], accepted: ['cam-1'] },
    'cam-1, and this is none that is named.',
  ],
  [{ kind: 'version_floor', version, installed: '1.0.0', floor: '2.0.0' }, 'install a release between the two first.'],
  [
    { kind: 'agent_too_old', version, agent_version: '1.0.0', needed: '1.1.0' },
    'needs the agent 1.1.0, and this is 1.0.0',
  ],
  [
    { kind: 'disk_too_full', version, free_bytes: 3e9, needed_bytes: 5e9 },
    'needs 5.0 GB of free disk, and there are 3.0 GB; free 2.0 GB.',
  ],
  [
    { kind: 'memory_too_small', version, ram_bytes: 999, needed_bytes: 1e12 },
    'needs 1.0 TB of memory, and the device has 999 bytes.',
  ],
  [
    { kind: 'runtime_missing', version, runtime: 'node', needed: '24.0.0' },
    'needs node 24.0.0, which is not there; install it.',
  ],
  [
    { kind: 'runtime_too_old', version, runtime: 'node', found: '20.0.0', needed: '24.0.0' },
    'and this is 20.0.0; update it.',
  ],
];

describe('a reason', () => {
  test.each(sentences)('%j is one sentence', (reason, expected) => {
    const sentence = explain(reason);
    expect(sentence).toContain(expected);
    expect(sentence).toMatch(/^[A-Z][^\n]*\.$/);
    expect(sentence).not.toMatch(/undefined|NaN|null/);
  });
});

function explained(rules: unknown, ...releases: readonly Candidate[]): readonly string[] {
  return explainDecision(evaluate(sampleDevice, releases, parseWith(policy, rules, 'policy'), sampleNow_ms));
}

describe('a decision', () => {
  const { requirements } = sampleManifest({ requirements: { ram_bytes: 2_000_000 } });

  test.each([
    ['Install 2.6.0 now.', explained({}, sampleRelease({ severity: 'critical' }))],
    ['Install 2.6.0.', explained({}, sampleRelease())],
    ['Ask whether to install 2.6.0.', explained({}, sampleRelease({ severity: 'major' }))],
    ['Wait with 2.6.0.', explained({ download_bytes_max: 1 }, sampleRelease())],
    [
      'Wait with 2.6.0 until 2026-01-21T02:00:00Z.',
      explained({ windows: [{ start: '02:00', end: '03:00' }] }, sampleRelease()),
    ],
    ['Nothing to install.', explained({})],
    [
      'There are newer releases, but none that this device can install.',
      explained({}, sampleRelease({ requirements })),
    ],
  ])('begins with what was decided: %s', (headline, lines) => {
    expect(lines[0]).toBe(headline);
    expect(lines.length).toBeGreaterThan(1);
  });
});
