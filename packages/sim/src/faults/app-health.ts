/** Releases that are not well: they do not start, crash, never answer, or answer only later. */

import type { Clock } from '@kedge/core/ports';
import type { Health } from '../hunt/scenario.ts';
import type { SimulatedApp } from '../simulated-app.ts';

export type Condition = { readonly health: Health; readonly published_ms: number };

const slow_ms = 200;
const ill_for_ms = 5 * 3_600_000;

/** @param onFault called whenever a release's condition shows */
export function withHealth(
  app: SimulatedApp,
  clock: Clock & { readonly true_ms: () => number },
  conditionOf: (version: string) => Condition | undefined,
  onFault: (health: Health) => void,
): SimulatedApp {
  const { service } = app;
  let running: { readonly version: string; readonly since_ms: number } | undefined;

  /** What is wrong with it now. */
  function trouble(version: string): Health | undefined {
    const condition = conditionOf(version);
    switch (condition?.health) {
      case 'slow':
        return clock.monotonic_ms() - (running?.since_ms ?? 0) < slow_ms ? 'slow' : undefined;
      case 'ill_for_a_while':
        return clock.true_ms() - condition.published_ms < ill_for_ms ? 'ill_for_a_while' : undefined;
      case 'well':
        return undefined;
      default:
        return condition?.health;
    }
  }

  function shows(version: string, ...healths: readonly Health[]): boolean {
    const found = trouble(version);
    if (found === undefined || !healths.includes(found)) return false;
    onFault(found);
    return true;
  }

  return {
    ...app,
    service: {
      async start(release) {
        const { version } = release.manifest;
        if (shows(version, 'does_not_start')) throw new Error('its program cannot be run');
        await service.start(release);
        if (running?.version !== version) running = { version, since_ms: clock.monotonic_ms() };
      },
      async stop() {
        running = undefined;
        await service.stop();
      },
      state() {
        if (running && shows(running.version, 'crashes')) return { kind: 'crash_loop', exits: 5, last_exit: 'code 1' };
        return service.state();
      },
    },
    checks: {
      async run(check, release, signal) {
        if (shows(release.manifest.version, 'slow', 'ill', 'ill_for_a_while')) {
          return { kind: 'failed', detail: 'it does not answer' };
        }
        return app.checks.run(check, release, signal);
      },
    },
  };
}
