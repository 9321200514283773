/** Decisions and their reasons in plain English. */

import type { Decision, Reason } from './evaluate.ts';

/** What was decided, then one line for each reason. */
export function explainDecision(decision: Decision): readonly string[] {
  return [headline(decision), ...decision.reasons.map(explain)];
}

function headline(decision: Decision): string {
  switch (decision.kind) {
    case 'apply_now':
      return `Install ${decision.release.manifest.version} now.`;
    case 'proceed':
      return `Install ${decision.release.manifest.version}.`;
    case 'ask':
      return `Ask whether to install ${decision.release.manifest.version}.`;
    case 'defer': {
      const { release, until_ms } = decision;
      return `Wait with ${release.manifest.version}${until_ms === null ? '' : ` until ${moment(until_ms)}`}.`;
    }
    case 'skip':
      return 'Nothing to install.';
    case 'refuse':
      return 'There are newer releases, but none that this device can install.';
    default:
      return decision satisfies never;
  }
}

/** One sentence that says what, and where it helps, what to do. */
export function explain(reason: Reason): string {
  switch (reason.kind) {
    case 'up_to_date':
      return reason.version === null
        ? 'No release has been published for this device yet.'
        : `Version ${reason.version} is the newest release.`;
    case 'pinned_out':
      return `Version ${reason.version} is not tried again here since ${reason.pinned_at} (${reason.reason}); "kedge agent approve ${reason.version}" lifts that.`;
    case 'revoked':
      return `Version ${reason.version} was withdrawn by its vendor: ${reason.reason}.`;
    case 'installed_revoked':
      return `The installed version ${reason.version} was withdrawn by its vendor and should be left: ${reason.reason}.`;
    case 'wanted_not_offered':
      return `Version ${reason.version} was asked for, but channel ${reason.channel} does not offer it; check the version or the device's channel.`;
    case 'wanted_not_newer':
      return `Version ${reason.version} was asked for, but is not newer than ${reason.installed}, which is installed; to go back, use kedge agent rollback.`;
    case 'wanted':
      return `Version ${reason.version} was asked for by a person.`;
    case 'approved':
      return `Version ${reason.version} was approved by a person.`;
    case 'postponed':
      return `Version ${reason.version} was postponed until ${moment(reason.until_ms)}.`;
    case 'severity':
      return explainSeverity(reason);
    case 'outside_window':
      return `The next maintenance window opens at ${moment(reason.opens_at_ms)}.`;
    case 'revocations_missing':
      return 'The list of withdrawn releases has never been fetched; connect the device to a repository, or give it a newer bundle.';
    case 'revocations_stale':
      return `The list of withdrawn releases was checked ${hours(reason.age_ms)} ago, and the policy allows ${hours(reason.age_ms_max)}; connect the device to a repository, or give it a newer bundle.`;
    case 'over_budget':
      return `Version ${reason.version} is a download of ${size(reason.length_bytes)}, and the policy allows ${size(reason.download_bytes_max)}; raise download_bytes_max, or use a bundle.`;
    case 'platform_missing':
      return `Version ${reason.version} is not built for ${reason.platform}, only for ${reason.offered.join(', ')}.`;
    case 'hardware_unsupported':
      return `Version ${reason.version} is for the hardware ${reason.accepted.join(', ')}, and this is ${reason.hardware.join(', ') || 'none that is named'}.`;
    case 'version_floor':
      return `Version ${reason.version} can follow ${reason.floor} and later, and ${reason.installed} is installed; install a release between the two first.`;
    case 'agent_too_old':
      return `Version ${reason.version} needs the agent ${reason.needed}, and this is ${reason.agent_version}; update the agent first.`;
    case 'disk_too_full':
      return `Version ${reason.version} needs ${size(reason.needed_bytes)} of free disk, and there are ${size(reason.free_bytes)}; free ${size(reason.needed_bytes - reason.free_bytes)}.`;
    case 'memory_too_small':
      return `Version ${reason.version} needs ${size(reason.needed_bytes)} of memory, and the device has ${size(reason.ram_bytes)}.`;
    case 'runtime_missing':
      return `Version ${reason.version} needs ${reason.runtime} ${reason.needed}, which is not there; install it.`;
    case 'runtime_too_old':
      return `Version ${reason.version} needs ${reason.runtime} ${reason.needed}, and this is ${reason.found}; update it.`;
    default:
      return reason satisfies never;
  }
}

function explainSeverity({ version, severity, rule }: Extract<Reason, { readonly kind: 'severity' }>): string {
  const what = `Version ${version} is a ${severity} release, and the policy for these`;
  switch (rule) {
    case 'now':
      return `${what} is to install them at once.`;
    case 'auto':
      return `${what} is to install them without asking.`;
    case 'ask':
      return `${what} is to ask first.`;
    case 'never':
      return `${what} is to leave them; ask for it by its version to install it.`;
    default:
      return rule satisfies never;
  }
}

function moment(time_ms: number): string {
  return new Date(time_ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function hours(duration_ms: number): string {
  return `${Math.round(duration_ms / 3_600_000)} h`;
}

function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}
