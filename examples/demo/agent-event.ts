import type { AgentEvent } from '@kedge/agent/device';
import { report } from '@kedge/agent/report';
import { journalStates } from '@kedge/core/journal';
import { boolean, integer, oneOf, type Parser, variants } from '@kedge/core/parse';
import { stages } from '@kedge/core/stage';

const stage = oneOf(...stages.map(({ name }) => name));
const state = oneOf(...journalStates);

/** As the local API sends it. */
export const agentEvent: Parser<AgentEvent> = variants({
  stage_started: { stage },
  stage_finished: { stage, duration_ms: integer({ min: 0 }), failed: boolean },
  progress: { done_bytes: integer({ min: 0 }), total_bytes: integer({ min: 0 }) },
  state: { state },
  report: { report },
});
