/** Writes `schema/agent.schema.json` from the parser that the agent itself uses: `node scripts/write-schema.ts`. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { agentConfigSchema } from '@kedge/agent/config';

const root = resolve(import.meta.dirname, '..');
const file = resolve(root, 'schema/agent.schema.json');

mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(agentConfigSchema, null, 2)}\n`);
execFileSync(resolve(root, 'node_modules/.bin/biome'), ['format', '--write', file], { cwd: root });
