/** The agent's own program as a service. It cannot be started twice: another release of it begins with the next process. */

import type { Clock } from '@kedge/core/ports';
import type { Service } from '../ports.ts';

export type OwnProgramOptions = {
  readonly clock: Clock;
  /** That this process runs. Null: the agent does not run, and a person's command updates it. */
  readonly version: string | null;
  /** Ends this process soon, and cleanly. What starts it again starts the release that is live then. */
  readonly restart: (version: string) => void;
};

export function ownProgram({ clock, version, restart }: OwnProgramOptions): Service {
  const since_ms = clock.now_ms();
  return {
    ...(version === null ? {} : { own_version: version }),
    async start(release) {
      if (release.manifest.version !== version) restart(release.manifest.version);
    },
    // It goes on until it is restarted: somebody has to finish the update.
    stop: async () => undefined,
    state: () => ({ kind: 'running', since_ms, restarts: 0 }),
  };
}
