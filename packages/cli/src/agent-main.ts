/** `kedge-agent`: the agent's commands alone, which is all that a device needs. */

import { agent } from './commands/agent.ts';
import { runProcess } from './os/run-process.ts';

// It is bundled as CommonJS, which has no top-level await.
void runProcess(agent);
