/** What the agent answers to each request of a person. */

import type { Agent } from './agent.ts';
import type { Device } from './device.ts';
import type { EventFeed } from './event-feed.ts';
import { type Handlers, Refused } from './local-api.ts';
import { nothing, recall } from './memory.ts';
import { approve, choose, explainDevice, history, postpone, status } from './requests.ts';

const refused_exit_code = 4;
const history_lines_max = 200;

export function handlersFor(device: Device, agent: Agent, feed: EventFeed): Handlers {
  return {
    status: () => status(device, agent.nextCheck_ms()),
    explain: () => explainDevice(device),
    history: () => history(device, history_lines_max),
    check: ({ version }) => agent.check({ kind: 'asked', wanted: version ?? null }),
    async approve({ version }) {
      const approved = version ?? (await waitingVersion(device));
      await approve(device, approved);
      agent.lookSoon();
      return { approved };
    },
    async postpone({ for_ms }) {
      const postponed = await waitingVersion(device);
      const until_ms = device.clock.now_ms() + for_ms;
      await postpone(device, postponed, until_ms);
      return { postponed, until: new Date(until_ms).toISOString() };
    },
    async rollback({ lose_writes }) {
      const result = await agent.goBack(lose_writes);
      if (result.kind === 'refused') throw new Refused(result.reason, refused_exit_code);
      return result.report;
    },
    async channel({ channel }) {
      const followed = await choose(device, channel);
      agent.lookSoon();
      return { channel: followed };
    },
    events: (signal) => feed.follow(signal),
  };
}

/** What the last look found and did not install. */
async function waitingVersion(device: Device): Promise<string> {
  const { checked } = await recall(device.memory.lately, nothing.lately);
  if (checked?.kind === 'waiting' && checked.to !== null) return checked.to;
  throw new Refused('no release waits; name the version', refused_exit_code);
}
