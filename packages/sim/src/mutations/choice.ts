/** Releases that a device must not choose. */

import { attack, type Mutation, tests } from './mutation.ts';

const evaluate = 'packages/core/src/evaluate.ts';
const decision = tests('core/src/evaluate');

export const choice: readonly Mutation[] = [
  {
    name: 'a pinned-out version is chosen',
    file: evaluate,
    find: 'const pin = findPin(device.pins, manifest);',
    replace: 'const pin = findPin([], manifest);',
    detector: tests('sim/src/stage-errors', 'apply.migrate'),
  },
  {
    name: 'a revoked release is chosen',
    file: evaluate,
    find: 'if (revocation) reasons.push(',
    replace: 'if (revocation && manifest.counter < 0) reasons.push(',
    detector: tests('sim/src/journeys/trust', 'is not installed; the one before it is'),
  },
  {
    name: 'a release that was revoked while it was fetched is installed',
    file: 'packages/agent/src/stages/4-verify.ts',
    find: '  await refreshTrust(device);\n',
    replace: '',
    detector: tests('sim/src/journeys/trust', 'while it is downloaded'),
  },
  {
    name: 'an installed release that was revoked is kept',
    file: evaluate,
    find: "if (revocation?.action !== 'roll_back') return;",
    replace: "if (revocation?.action !== 'refuse') return;",
    detector: decision,
  },
  {
    name: 'an old list of revocations is good enough',
    file: evaluate,
    find: 'const age_ms = Math.abs(now_ms - revocations_checked_ms);',
    replace: 'const age_ms = Math.min(0, now_ms - revocations_checked_ms);',
    detector: decision,
  },
  {
    name: 'a release with a lower counter is newer',
    file: evaluate,
    find: 'return manifest.counter > installed.counter && compareVersions',
    replace: 'return compareVersions',
    detector: decision,
  },
  {
    name: 'a release with a lower counter is fetched',
    file: 'packages/trust/src/candidates.ts',
    find: ' && release.custom.counter > options.counter_above,',
    replace: ',',
    detector: tests('trust/src/candidates'),
  },
  {
    name: 'a release of another product is chosen',
    file: evaluate,
    find: 'return manifest.product === device.product && releaseChannels',
    replace: 'return releaseChannels',
    detector: decision,
  },
  {
    name: 'a release of another channel is chosen',
    file: evaluate,
    find: ' && releaseChannels(device.channel).includes(manifest.channel);',
    replace: ';',
    detector: decision,
  },
  {
    name: "a release for another device's hardware is chosen",
    file: 'packages/core/src/compatibility.ts',
    find: 'if (accepted && !hardware.some((id) => accepted.includes(id))) {',
    replace: 'if (accepted && hardware.length < 0) {',
    detector: attack('another hardware’s release'),
  },
  {
    name: 'the oldest version that can go straight to a release is ignored',
    file: 'packages/core/src/compatibility.ts',
    find: 'compareVersions(installed.version, floor) < 0) {',
    replace: 'compareVersions(installed.version, floor) < -1) {',
    detector: tests('core/src/compatibility'),
  },
  {
    name: 'a release is installed outside of its window',
    file: evaluate,
    find: "if (window.kind === 'open') return",
    replace: 'if (window.kind) return',
    detector: decision,
  },
];
