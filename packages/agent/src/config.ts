/** The agent's configuration: one YAML file, checked whole before anything runs. */

import { channels } from '@kedge/core/channel';
import { name } from '@kedge/core/manifest';
import {
  type Infer,
  InvalidInput,
  type JsonSchema,
  list,
  object,
  oneOf,
  optional,
  parseWith,
  refine,
  table,
  text,
  withDefault,
} from '@kedge/core/parse';
import { policy } from '@kedge/core/policy';
import { parse as parseYaml } from 'yaml';

const path = text({ length_max: 1024, is: 'a path' });

const url = refine(text({ length_max: 2048, is: 'a URL' }), (value, at) => {
  if (/^(https?|file):\/\/\S+$/.test(value) && URL.canParse(value)) return value;
  throw new InvalidInput(at, `must be an http:, https: or file: URL, got "${value}"`);
});

const agentConfig = object({
  product: name,
  channel: withDefault(oneOf(...channels), 'stable'),
  /** Where the releases are, in the order in which they are tried. */
  repository: list(url, { min: 1, max: 16 }),
  /** The root.json that this device trusts from the start; relative to the configuration file. */
  root: path,
  /** Releases, state and backups; relative to the configuration file. */
  folder: path,
  /** The app's data. Absent: `data` in `folder`. */
  data: optional(path),
  /** Hardware ids, for releases that name some. */
  hardware: withDefault(list(name, { max: 32 }), []),
  /** For `${...}` in a release's commands and checks. */
  variables: withDefault(table(name, text()), {}),
  policy: withDefault(policy, parseWith(policy, {}, 'policy')),
  /** Where reports of updates are posted until they are acknowledged. Absent: they stay on the device. */
  report_to: optional(url),
  /** The agent's updates of itself, which are releases of a product of their own. Absent: others see to them. */
  agent: optional(object({ product: name, channel: withDefault(oneOf(...channels), 'stable') })),
});
type Parsed = Infer<typeof agentConfig>;

export type AgentConfig = Required<Omit<Parsed, 'report_to' | 'agent'>> & Pick<Parsed, 'report_to' | 'agent'>;

/** For editors: `# yaml-language-server: $schema=agent.schema.json`. */
export const agentConfigSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Configuration of the Kedge agent',
  ...agentConfig.schema,
};

/**
 * @param at absolute path of the file, which relative paths in it begin from
 * @throws InvalidInput that names the file and the field
 */
export function parseConfig(yaml: string, at: string): AgentConfig {
  const config = readConfig(yaml, at);
  const base = at.slice(0, at.lastIndexOf('/'));
  const folder = absolute(config.folder, base);
  return {
    ...config,
    root: absolute(config.root, base),
    folder,
    data: config.data === undefined ? `${folder}/data` : absolute(config.data, base),
  };
}

/** The same device as the agent's own program sees it: its releases and their journal are in a folder of their own. */
export function ownConfig(config: AgentConfig): AgentConfig | undefined {
  const { agent, ...shared } = config;
  if (!agent) return undefined;
  const folder = ownFolder(config.folder);
  return { ...shared, product: agent.product, channel: agent.channel, folder, data: `${folder}/data` };
}

/** `current` in it is the program that the launcher starts. */
export function ownFolder(folder: string): string {
  return `${folder}/agent`;
}

function readConfig(yaml: string, at: string): Parsed {
  try {
    return parseWith(agentConfig, readYaml(yaml, at), at);
  } catch (error) {
    if (!(error instanceof InvalidInput) || error.path === at) throw error;
    throw new InvalidInput(at, error.message, { cause: error });
  }
}

function readYaml(yaml: string, at: string): unknown {
  try {
    return parseYaml(yaml, { logLevel: 'error' });
  } catch (error) {
    // It knows nothing but the text: an alias without its anchor is a ReferenceError, too many brackets are a RangeError.
    if (!(error instanceof Error)) throw error;
    throw new InvalidInput(at, `is not YAML: ${error.message.split('\n')[0]}`, { cause: error });
  }
}

function absolute(path: string, base: string): string {
  const whole = path.startsWith('/') ? path : `${base}/${path}`;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
