import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channels, releaseChannels, type Severity, severities } from './channel.ts';
import { compatibilityOf } from './compatibility.ts';
import { type Candidate, type Decision, type Device, evaluate } from './evaluate.ts';
import { parseWith } from './parse.ts';
import { findPin } from './pin.ts';
import { defaultPolicy, type Policy, policy } from './policy.ts';
import { findRevocation, type Revocation } from './revocation.ts';
import { digest, sampleDevice, sampleManifest, sampleNow_ms, sampleRelease } from './sample.fixture.ts';
import { compareVersions } from './version.ts';
import { weekdays } from './window.ts';

const now_ms = sampleNow_ms;
const hour_ms = 3_600_000;

function decide(
  device: Partial<Device>,
  releases: readonly Candidate[] = [sampleRelease()],
  rules: { readonly [field: string]: unknown } = {},
): Decision {
  return evaluate({ ...sampleDevice, ...device }, releases, parseWith(policy, rules, 'policy'), now_ms);
}

/** The decision in one line: `kind version: reasons`. */
function summary(decision: Decision): string {
  const version = 'release' in decision ? ` ${decision.release.manifest.version}` : '';
  return `${decision.kind}${version}: ${decision.reasons.map((reason) => reason.kind).join(', ')}`;
}

const revocation = (manifest_sha256: string, action: Revocation['action']): Revocation => ({
  manifest_sha256,
  product: 'recorder',
  version: '2.6.0',
  reason: 'loses recordings',
  action,
  revoked_at: '2026-01-20T00:00:00Z',
});
const revoking = (...entries: readonly Revocation[]): Device['revocations'] =>
  sampleDevice.revocations && { ...sampleDevice.revocations, entries };

const newer = sampleRelease({ version: '2.7.0', counter: 30 });
const pin = { version: '2.7.0', counter: 30, reason: 'crash loop', pinned_at: '2026-01-19T00:00:00Z' };
const closed = { windows: [{ start: '02:00', end: '04:00' }] };
const opens_at_ms = Date.parse('2026-01-21T02:00:00Z');

describe('which release', () => {
  test('the newest by counter', () => {
    expect(summary(decide({}, [sampleRelease(), newer]))).toBe('proceed 2.7.0: severity');
    expect(summary(decide({}, [newer, sampleRelease()]))).toBe('proceed 2.7.0: severity');
  });

  test('any at all where nothing is installed', () => {
    expect(summary(decide({ installed: null }))).toBe('proceed 2.6.0: severity');
    expect(decide({ installed: null }, [])).toEqual({ kind: 'skip', reasons: [{ kind: 'up_to_date', version: null }] });
  });

  test.each([
    ['its counter is not higher', { counter: 10 }],
    ['its version is older', { version: '2.4.0' }],
    ['its version is the installed one', { version: '2.5.0' }],
    ['it is of another product', { product: 'router' }],
    ['it is in a channel that is not followed', { channel: 'beta' as const }],
  ])('none, where %s', (_, changes) => {
    expect(decide({}, [sampleRelease(changes)])).toEqual({
      kind: 'skip',
      reasons: [{ kind: 'up_to_date', version: '2.5.0' }],
    });
  });

  test('an older one, where the newest is pinned out', () => {
    expect(summary(decide({ pins: [pin] }, [newer, sampleRelease()]))).toBe('proceed 2.6.0: pinned_out, severity');
  });

  test('an older one, where the newest is revoked', () => {
    const revocations = revoking(revocation(newer.manifest_sha256, 'refuse'));
    const sixth = sampleRelease({}, digest('6'));
    expect(summary(decide({ revocations }, [{ ...newer, manifest_sha256: digest('7') }, sixth]))).toBe(
      'proceed 2.7.0: severity',
    );
    expect(summary(decide({ revocations }, [newer, sixth]))).toBe('proceed 2.6.0: revoked, severity');
  });

  test('a stepping stone, where the newest has a floor above what is installed', () => {
    const { requirements } = sampleManifest({ requirements: { version_floor: '2.6.0' } });
    const stone = sampleRelease();
    const far = { ...newer, manifest: { ...newer.manifest, requirements } };
    expect(summary(decide({}, [far, stone]))).toBe('proceed 2.6.0: version_floor, severity');
    const installed = { version: '2.6.0', counter: 20, manifest_sha256: digest('6') };
    expect(summary(decide({ installed }, [far, stone]))).toBe('proceed 2.7.0: severity');
  });

  test('none, and a refusal with the reasons of each, where no newer one can be used', () => {
    const { requirements } = sampleManifest({ requirements: { ram_bytes: 2_000_000, hardware: ['cam-2'] } });
    const heavy = sampleRelease({ requirements });
    expect(summary(decide({ pins: [pin] }, [heavy, newer]))).toBe(
      'refuse: pinned_out, hardware_unsupported, memory_too_small',
    );
  });

  test('none, where the policy never installs this severity, but an older one of another severity', () => {
    const feature = { ...newer, manifest: { ...newer.manifest, severity: 'feature' as const } };
    const rules = { severity: { feature: 'never' } };
    expect(summary(decide({}, [feature], rules))).toBe('skip: severity');
    expect(summary(decide({}, [feature, sampleRelease()], rules))).toBe('proceed 2.6.0: severity, severity');
    expect(summary(decide({ pins: [pin] }, [feature], rules))).toBe('refuse: pinned_out, severity');
  });

  test('the one that a person wants, before newer ones', () => {
    const wanted = { version: '2.6.0' };
    expect(summary(decide({ wanted }, [sampleRelease(), newer]))).toBe('apply_now 2.6.0: wanted');
    expect(summary(decide({ wanted, pins: [{ ...pin, version: '2.6.0', counter: 20 }] }, [newer]))).toBe(
      'proceed 2.7.0: wanted_not_offered, severity',
    );
    expect(summary(decide({ wanted: { version: '2.4.0' } }, [sampleRelease({ version: '2.4.0' })]))).toBe(
      'skip: wanted_not_newer, up_to_date',
    );
    expect(summary(decide({ wanted: { version: '2.5.0' } }, [newer]))).toBe('proceed 2.7.0: severity');
  });
});

describe('when', () => {
  test('now, whatever the hour, where the severity says so', () => {
    const critical = sampleRelease({ severity: 'critical' });
    expect(summary(decide({}, [critical], closed))).toBe('apply_now 2.6.0: severity');
  });

  test('in the next maintenance window, where the severity allows it', () => {
    expect(decide({}, undefined, closed)).toMatchObject({ kind: 'defer', until_ms: opens_at_ms });
    expect(summary(decide({}, undefined, closed))).toBe('defer 2.6.0: severity, outside_window');
    const open = { windows: [{ start: '14:00', end: '15:00' }], time_zone: 'Europe/Istanbul' };
    expect(decide({}, undefined, open)).toMatchObject({ kind: 'defer' });
    expect(decide({}, undefined, { ...open, time_zone: 'Africa/Cairo' })).toMatchObject({ kind: 'proceed' });
  });

  test('after a person has approved it, in a window, where the severity says ask', () => {
    const major = [sampleRelease({ severity: 'major' })];
    expect(summary(decide({}, major))).toBe('ask 2.6.0: severity');
    expect(summary(decide({}, major, closed))).toBe('ask 2.6.0: severity');
    const consents = [{ kind: 'approved', version: '2.6.0' } as const];
    expect(summary(decide({ consents }, major))).toBe('proceed 2.6.0: severity, approved');
    expect(summary(decide({ consents }, major, closed))).toBe('defer 2.6.0: severity, approved, outside_window');
    expect(summary(decide({ consents: [{ kind: 'approved', version: '2.5.9' }] }, major))).toBe('ask 2.6.0: severity');
  });

  test('not before the time to which a person has postponed it', () => {
    const until_ms = now_ms + hour_ms;
    const postponed = { kind: 'postponed', version: '2.6.0', until_ms } as const;
    const approved = { kind: 'approved', version: '2.6.0' } as const;
    expect(decide({ consents: [postponed] })).toMatchObject({ kind: 'defer', until_ms, reasons: [postponed] });
    expect(decide({ consents: [{ ...postponed, until_ms: now_ms }] }).kind).toBe('proceed');
    expect(decide({ consents: [approved, postponed] }).kind).toBe('defer');
    expect(decide({ consents: [postponed, approved] }).kind).toBe('proceed');
  });

  test('now, where a person wants it, against windows, approval, postponement and severity', () => {
    const device = {
      wanted: { version: '2.6.0' },
      consents: [{ kind: 'postponed', version: '2.6.0', until_ms: now_ms + hour_ms } as const],
    };
    const rules = { ...closed, severity: { minor: 'never' } };
    expect(summary(decide(device, undefined, rules))).toBe('apply_now 2.6.0: wanted');
  });

  test('not while it is larger than the budget, even where a person wants it', () => {
    const decision = decide({ wanted: { version: '2.6.0' } }, undefined, { download_bytes_max: 999 });
    expect(decision).toMatchObject({
      kind: 'defer',
      until_ms: null,
      reasons: [{ kind: 'over_budget', length_bytes: 1_000, download_bytes_max: 999 }],
    });
    expect(decide({}, undefined, { download_bytes_max: 1_000 }).kind).toBe('proceed');
  });

  test.each([
    [{ revocations: null }, 'revocations_missing'],
    [{ revocations_checked_ms: null }, 'revocations_missing'],
    [{ revocations_checked_ms: now_ms - 168 * hour_ms - 1 }, 'revocations_stale'],
    [{ revocations_checked_ms: now_ms + 168 * hour_ms + 1 }, 'revocations_stale'],
  ])('not while it cannot be known whether it was revoked (%#)', (device, reason) => {
    const critical = [sampleRelease({ severity: 'critical' })];
    expect(decide(device, critical)).toMatchObject({ kind: 'defer', until_ms: null });
    expect(summary(decide(device, critical))).toBe(`defer 2.6.0: ${reason}`);
  });

  test('as ever, while the list of revocations is as old as the policy allows', () => {
    expect(decide({ revocations_checked_ms: now_ms - 168 * hour_ms }).kind).toBe('proceed');
  });
});

describe('an installed release that was revoked', () => {
  test('is reported with whatever is decided, where it is to be left', () => {
    const revocations = revoking(revocation(digest('f'), 'roll_back'));
    expect(summary(decide({ revocations }))).toBe('proceed 2.6.0: installed_revoked, severity');
    expect(summary(decide({ revocations }, []))).toBe('skip: installed_revoked, up_to_date');
    expect(summary(decide({ revocations }, undefined, closed))).toMatch(/^defer 2.6.0: installed_revoked/);
  });

  test('stays without a word, where it is only not to be installed again', () => {
    const revocations = revoking(revocation(digest('f'), 'refuse'));
    expect(summary(decide({ revocations }, []))).toBe('skip: up_to_date');
  });
});

describe('for any device, releases and policy', () => {
  const anyVersion = fc.constantFrom('2.4.0', '2.5.0', '2.5.1', '2.6.0-beta.1', '2.6.0', '2.7.0', '3.0.0');
  const anyCounter = fc.integer({ min: 1, max: 9 });
  const anyRelease = fc
    .record({
      version: anyVersion,
      counter: anyCounter,
      channel: fc.constantFrom(...channels),
      severity: fc.constantFrom(...severities),
      product: fc.constantFrom('recorder', 'recorder', 'router'),
      requirements: fc.constantFrom(
        {},
        { ram_bytes: 2_000_000 },
        { version_floor: '2.5.1' },
        { hardware: ['cam-2'] },
        { runtime: { node: '25.0.0' } },
      ),
    })
    .map((changes) => sampleRelease(changes));
  const anyPin = fc.record({
    version: anyVersion,
    counter: anyCounter,
    reason: fc.constant(pin.reason),
    pinned_at: fc.constant(pin.pinned_at),
  });
  const anyRevocation = fc
    .tuple(anyCounter, fc.constantFrom('refuse' as const, 'roll_back' as const))
    .map(([counter, action]) => revocation(digest(String(counter)), action));
  const anyConsent = fc.oneof(
    anyVersion.map((version) => ({ kind: 'approved', version }) as const),
    fc
      .tuple(anyVersion, fc.constantFrom(-1, 1))
      .map(([version, hours]) => ({ kind: 'postponed', version, until_ms: now_ms + hours * hour_ms }) as const),
  );
  const anyDevice = fc.record({
    installed: fc.option(
      fc.record({ version: anyVersion, counter: anyCounter, manifest_sha256: fc.constant(digest('f')) }),
    ),
    channel: fc.constantFrom(...channels),
    pins: fc.array(anyPin, { maxLength: 1 }),
    revocations: fc.option(fc.array(anyRevocation, { maxLength: 2 }).map((entries) => revoking(...entries))),
    consents: fc.array(anyConsent, { maxLength: 2 }),
    wanted: fc.option(fc.record({ version: anyVersion })),
  });
  const anyRule = fc.constantFrom('now', 'auto', 'ask', 'never' as const);
  const anyPolicy = fc
    .record({
      severity: fc.record({ critical: anyRule, major: anyRule, minor: anyRule, patch: anyRule, feature: anyRule }),
      windows: fc.constantFrom([], closed.windows),
      download_bytes_max: fc.constantFrom(999, 1_000),
    })
    .map((rules): Policy => parseWith(policy, rules, 'policy'));

  type Claim = (device: Device, releases: readonly Candidate[], policy: Policy, decision: Decision) => void;

  function forAny(claim: Claim): void {
    const claimed = fc.property(
      anyDevice,
      fc.array(anyRelease, { maxLength: 5 }),
      anyPolicy,
      (facts, releases, policy) => {
        const device = { ...sampleDevice, ...facts };
        claim(device, releases, policy, evaluate(device, releases, policy, now_ms));
      },
    );
    fc.assert(claimed, { numRuns: 2_000 });
  }

  test('what is chosen is never pinned out, revoked, incompatible, older, of another product or channel', () => {
    forAny((device, _, __, decision) => {
      if (!('release' in decision)) return;
      const { manifest, manifest_sha256 } = decision.release;
      expect(findPin(device.pins, manifest)).toBeUndefined();
      expect(device.revocations && findRevocation(device.revocations, manifest_sha256)).toBeFalsy();
      expect(compatibilityOf(manifest, device).kind).toBe('compatible');
      expect(manifest.product).toBe(device.product);
      expect(releaseChannels(device.channel)).toContain(manifest.channel);
      if (!device.installed) return;
      expect(manifest.counter).toBeGreaterThan(device.installed.counter);
      expect(compareVersions(manifest.version, device.installed.version)).toBeGreaterThan(0);
    });
  });

  test('nothing is installed without a word that allows it', () => {
    forAny((device, releases, { severity, windows }, decision) => {
      if (decision.kind !== 'apply_now' && decision.kind !== 'proceed') return;
      const { manifest } = decision.release;
      expect(device.revocations).not.toBeNull();
      if (device.wanted?.version === manifest.version) return;
      const word = decision.reasons.findLast((reason) => reason.kind === 'severity');
      const rule = word?.rule ?? 'never';
      const urgency = ['never', 'auto', 'ask', 'now'];
      expect(releases.some(({ manifest }) => severity[manifest.severity] === rule)).toBe(true);
      expect(urgency.indexOf(rule)).toBeGreaterThanOrEqual(urgency.indexOf(severity[manifest.severity]));
      expect(severity[manifest.severity]).not.toBe('never');
      if (rule !== 'now') expect(windows).toEqual([]);
      if (rule === 'ask') expect(device.consents).toContainEqual({ kind: 'approved', version: manifest.version });
    });
  });

  test('every decision has a reason, and the order of the releases does not matter', () => {
    forAny((device, releases, policy, decision) => {
      expect(decision.reasons.length).toBeGreaterThan(0);
      const counters = releases.map(({ manifest }) => manifest.counter);
      if (new Set(counters).size < counters.length) return;
      expect(evaluate(device, releases.toReversed(), policy, now_ms)).toEqual(decision);
    });
  });
});

describe('a patch that replaces releases which were never installed here', () => {
  const behind = { version: '2.5.0', counter: 50, manifest_sha256: '0'.repeat(64) };
  const device = { ...sampleDevice, installed: behind };
  const skipped = (severity: Severity) => sampleRelease({ version: '2.5.1', counter: 51, severity });
  const patch = sampleRelease({ version: '2.5.2', counter: 52, severity: 'patch' });
  const closed = { ...defaultPolicy, windows: [{ days: weekdays, start: '00:00', end: '00:01' }] };

  test('is as urgent as a critical one among them', () => {
    const decision = evaluate(device, [patch, skipped('critical')], closed, now_ms);
    expect(decision).toMatchObject({ kind: 'apply_now', release: { manifest: { version: '2.5.2' } } });
    expect(decision.reasons).toContainEqual({ kind: 'severity', version: '2.5.1', severity: 'critical', rule: 'now' });
  });

  test('has to be asked for where a major one is among them', () => {
    expect(evaluate(device, [patch, skipped('major')], defaultPolicy, now_ms).kind).toBe('ask');
  });

  test('is a patch where only smaller ones are among them', () => {
    expect(evaluate(device, [patch, skipped('minor')], defaultPolicy, now_ms).kind).toBe('proceed');
  });

  test('is not as urgent as one that came after it', () => {
    const pinned = {
      ...device,
      pins: [{ version: '2.5.3', counter: 53, reason: 'failed', pinned_at: '2026-01-01T00:00:00Z' }],
    };
    const after = sampleRelease({ version: '2.5.3', counter: 53, severity: 'critical' });
    expect(evaluate(pinned, [patch, after], defaultPolicy, now_ms).kind).toBe('proceed');
  });
});

test('the default policy installs a minor release at once', () => {
  expect(evaluate(sampleDevice, [sampleRelease()], defaultPolicy, now_ms).kind).toBe('proceed');
});
