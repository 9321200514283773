/** Who listens hears what happens from then on. Nobody waits for a slow listener: it misses the oldest events instead. */

import type { AgentEvent } from './device.ts';

export type EventFeed = {
  emit(event: AgentEvent): void;
  /** Ends when the signal is aborted. */
  follow(signal: AbortSignal): AsyncIterable<AgentEvent>;
};

const backlog_max = 1_000;

export function createEventFeed(): EventFeed {
  const listeners = new Set<(event: AgentEvent) => void>();
  return {
    emit(event) {
      for (const listener of listeners) listener(event);
    },

    async *follow(signal) {
      const backlog: AgentEvent[] = [];
      let wake = Promise.withResolvers<void>();
      const listener = (event: AgentEvent): void => {
        backlog.push(event);
        if (backlog.length > backlog_max) backlog.shift();
        wake.resolve();
      };
      const stop = (): void => wake.resolve();
      listeners.add(listener);
      signal.addEventListener('abort', stop);
      try {
        while (!signal.aborted) {
          for (let event = backlog.shift(); event; event = backlog.shift()) yield event;
          await wake.promise;
          wake = Promise.withResolvers<void>();
        }
      } finally {
        listeners.delete(listener);
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
