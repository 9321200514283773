/** Stage 2: which release a device should install, when, and why. Pure: the same input gives the same decision. */

import { type Channel, releaseChannels, type Severity } from './channel.ts';
import { compatibilityOf, type DeviceFacts, type Incompatibility } from './compatibility.ts';
import type { ReleaseRef } from './journal.ts';
import type { Artifact, Manifest } from './manifest.ts';
import { findPin, type Pin } from './pin.ts';
import type { Policy, UpdateRule } from './policy.ts';
import { findRevocation, type Revocation, type RevocationList } from './revocation.ts';
import { compareVersions } from './version.ts';
import { windowAt } from './window.ts';

/** A release whose signatures have been verified. */
export type Candidate = { readonly manifest: Manifest; readonly manifest_sha256: string };

export type Consent =
  | { readonly kind: 'approved'; readonly version: string }
  | { readonly kind: 'postponed'; readonly version: string; readonly until_ms: number };

export type Device = DeviceFacts & {
  readonly product: string;
  readonly channel: Channel;
  readonly pins: readonly Pin[];
  readonly revocations: RevocationList | null;
  /** When the list was last found to be the newest. */
  readonly revocations_checked_ms: number | null;
  /** Oldest first: the last word on a version counts. */
  readonly consents: readonly Consent[];
  /** What a person asks to be installed now: chosen before newer ones, without approval, windows or severity rules. */
  readonly wanted: { readonly version: string } | null;
};

/** `version` is that of the release that the reason is about. */
export type Reason =
  | Incompatibility
  | { readonly kind: 'pinned_out'; readonly version: string; readonly reason: string; readonly pinned_at: string }
  | {
      readonly kind: 'revoked';
      readonly version: string;
      readonly reason: string;
      readonly action: Revocation['action'];
    }
  | { readonly kind: 'installed_revoked'; readonly version: string; readonly reason: string }
  | { readonly kind: 'wanted_not_offered'; readonly version: string; readonly channel: Channel }
  | { readonly kind: 'wanted_not_newer'; readonly version: string; readonly installed: string }
  /** Null: nothing is installed, and there is nothing to install. */
  | { readonly kind: 'up_to_date'; readonly version: string | null }
  | { readonly kind: 'revocations_missing' }
  | { readonly kind: 'revocations_stale'; readonly age_ms: number; readonly age_ms_max: number }
  | {
      readonly kind: 'over_budget';
      readonly version: string;
      readonly length_bytes: number;
      readonly download_bytes_max: number;
    }
  | { readonly kind: 'wanted'; readonly version: string }
  | { readonly kind: 'severity'; readonly version: string; readonly severity: Severity; readonly rule: UpdateRule }
  | { readonly kind: 'approved'; readonly version: string }
  | { readonly kind: 'postponed'; readonly version: string; readonly until_ms: number }
  | { readonly kind: 'outside_window'; readonly opens_at_ms: number };

type SeverityReason = Extract<Reason, { readonly kind: 'severity' }>;
type Chosen = { readonly release: Candidate; readonly artifact: Artifact };
type Reasons = { readonly reasons: readonly Reason[] };

export type Decision =
  | ({ readonly kind: 'apply_now' | 'proceed' | 'ask' } & Chosen & Reasons)
  /** `until_ms` is null where only a change of circumstances helps. */
  | ({ readonly kind: 'defer'; readonly release: Candidate; readonly until_ms: number | null } & Reasons)
  | ({ readonly kind: 'skip' | 'refuse' } & Reasons);

export function evaluate(device: Device, releases: readonly Candidate[], policy: Policy, now_ms: number): Decision {
  const candidates = newerReleases(device, releases);
  const reasons = [...installedRevoked(device), ...wantedInVain(device, releases)];
  let isAnyLeftToAPerson = false;
  for (const release of candidates) {
    const fit = fitOf(release, device, policy);
    if (fit.kind === 'usable') {
      const steps = candidates.filter(({ manifest }) => manifest.counter <= release.manifest.counter);
      return decide({ release, artifact: fit.artifact, steps }, device, policy, now_ms, reasons);
    }
    reasons.push(...fit.reasons);
    isAnyLeftToAPerson ||= fit.reasons.every((reason) => reason.kind === 'severity');
  }
  if (candidates.length === 0) reasons.push({ kind: 'up_to_date', version: device.installed?.version ?? null });
  return { kind: candidates.length === 0 || isAnyLeftToAPerson ? 'skip' : 'refuse', reasons };
}

/** The one that a person wants first, then the newest. */
function newerReleases(device: Device, releases: readonly Candidate[]): readonly Candidate[] {
  const { installed } = device;
  return releases
    .filter((release) => isOffered(device, release) && (!installed || isNewer(release, installed)))
    .toSorted(
      (a, b) => Number(isWanted(device, b)) - Number(isWanted(device, a)) || b.manifest.counter - a.manifest.counter,
    );
}

/** By counter, so that no stolen online key can bring an old one back, and by version, which names a release's folder. */
function isNewer({ manifest }: Candidate, installed: ReleaseRef): boolean {
  return manifest.counter > installed.counter && compareVersions(manifest.version, installed.version) > 0;
}

type Fit =
  | { readonly kind: 'usable'; readonly artifact: Artifact }
  | { readonly kind: 'unusable'; readonly reasons: readonly Reason[] };

/** Whether a release can be installed on this device at all, at whatever hour. */
function fitOf(release: Candidate, device: Device, policy: Policy): Fit {
  const { manifest, manifest_sha256 } = release;
  const { version, severity } = manifest;
  const reasons: Reason[] = [];
  const pin = findPin(device.pins, manifest);
  if (pin) reasons.push({ kind: 'pinned_out', version, reason: pin.reason, pinned_at: pin.pinned_at });
  const revocation = device.revocations && findRevocation(device.revocations, manifest_sha256);
  if (revocation) reasons.push({ kind: 'revoked', version, reason: revocation.reason, action: revocation.action });
  const rule = policy.severity[severity];
  if (rule === 'never' && !isWanted(device, release)) reasons.push({ kind: 'severity', version, severity, rule });
  const compatibility = compatibilityOf(manifest, device);
  if (compatibility.kind === 'incompatible') reasons.push(...compatibility.reasons);
  else if (reasons.length === 0) return { kind: 'usable', artifact: compatibility.artifact };
  return { kind: 'unusable', reasons };
}

/** `steps`: the chosen release and those that it replaces without their having been installed. */
type Choice = Chosen & { readonly steps: readonly Candidate[] };

/** When to install the release that was chosen. */
function decide(choice: Choice, device: Device, policy: Policy, now_ms: number, before: readonly Reason[]): Decision {
  const { release, artifact, steps } = choice;
  const chosen: Chosen = { release, artifact };
  const { version } = release.manifest;
  const reasons = [...before];
  const because = (...more: readonly Reason[]) => ({ reasons: [...reasons, ...more] });

  const hindrance = staleRevocations(device, policy, now_ms) ?? overBudget(version, artifact, policy);
  if (hindrance) return { kind: 'defer', release, until_ms: null, ...because(hindrance) };
  if (isWanted(device, release)) return { kind: 'apply_now', ...chosen, ...because({ kind: 'wanted', version }) };

  const consent = device.consents.findLast((consent) => consent.version === version);
  if (consent?.kind === 'postponed' && consent.until_ms > now_ms) {
    return { kind: 'defer', release, until_ms: consent.until_ms, ...because(consent) };
  }
  const strongest = strongestRule(release, steps, policy);
  const { rule } = strongest;
  reasons.push(strongest);
  if (rule === 'now') return { kind: 'apply_now', ...chosen, reasons };
  if (rule === 'ask') {
    if (consent?.kind !== 'approved') return { kind: 'ask', ...chosen, reasons };
    reasons.push(consent);
  }
  const window = windowAt(policy.windows, policy.time_zone, now_ms);
  if (window.kind === 'open') return { kind: 'proceed', ...chosen, reasons };
  const { opens_at_ms } = window;
  return { kind: 'defer', release, until_ms: opens_at_ms, ...because({ kind: 'outside_window', opens_at_ms }) };
}

/** A patch that replaces a critical release is as urgent, and one that replaces a major release has to be asked for. */
function strongestRule(chosen: Candidate, steps: readonly Candidate[], policy: Policy): SeverityReason {
  const ruleOf = ({ manifest: { version, severity } }: Candidate): SeverityReason => {
    return { kind: 'severity', version, severity, rule: policy.severity[severity] };
  };
  const own = ruleOf(chosen);
  const rules = [own, ...steps.map(ruleOf)];
  return rules.find(({ rule }) => rule === 'now') ?? rules.find(({ rule }) => rule === 'ask') ?? own;
}

function isOffered(device: Device, { manifest }: Candidate): boolean {
  return manifest.product === device.product && releaseChannels(device.channel).includes(manifest.channel);
}

function isWanted(device: Device, { manifest }: Candidate): boolean {
  return device.wanted?.version === manifest.version;
}

function* installedRevoked({ installed, revocations }: Device): Iterable<Reason> {
  if (!installed || !revocations) return;
  const revocation = findRevocation(revocations, installed.manifest_sha256);
  if (revocation?.action !== 'roll_back') return;
  yield { kind: 'installed_revoked', version: installed.version, reason: revocation.reason };
}

function* wantedInVain(device: Device, releases: readonly Candidate[]): Iterable<Reason> {
  const { wanted, installed, channel } = device;
  if (!wanted || wanted.version === installed?.version) return;
  const { version } = wanted;
  const offered = releases.filter((release) => isWanted(device, release) && isOffered(device, release));
  if (offered.length === 0) yield { kind: 'wanted_not_offered', version, channel };
  else if (installed && !offered.some((release) => isNewer(release, installed))) {
    yield { kind: 'wanted_not_newer', version, installed: installed.version };
  }
}

function staleRevocations(device: Device, policy: Policy, now_ms: number): Reason | undefined {
  const { revocations, revocations_checked_ms } = device;
  if (!revocations || revocations_checked_ms === null) return { kind: 'revocations_missing' };
  // Either way: a clock that was set back must not make an old list young.
  const age_ms = Math.abs(now_ms - revocations_checked_ms);
  const age_ms_max = policy.revocation_age_hours_max * 3_600_000;
  return age_ms > age_ms_max ? { kind: 'revocations_stale', age_ms, age_ms_max } : undefined;
}

function overBudget(version: string, { length_bytes }: Artifact, { download_bytes_max }: Policy): Reason | undefined {
  if (download_bytes_max === undefined || length_bytes <= download_bytes_max) return undefined;
  return { kind: 'over_budget', version, length_bytes, download_bytes_max };
}
