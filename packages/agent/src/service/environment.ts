/** The environment in which a release's own programs run: the app and its checks. */

import { expand, releaseVariables, type Variables } from '../placeholder.ts';
import type { LocalRelease } from '../ports.ts';

/** What a release's programs are told about the device. */
export type Surroundings = {
  /** Absolute. */
  readonly data_folder: string;
  /** The variables of the device's configuration. */
  readonly variables: Variables;
  /** Of the agent; only the names below pass to a release. */
  readonly agent_environment: { readonly [name: string]: string | undefined };
};

const inherited = ['PATH', 'HOME', 'LANG', 'TZ'] as const;

/** @throws UnknownPlaceholder */
export function expandedCommand(
  command: readonly string[],
  release: LocalRelease,
  surroundings: Surroundings,
): readonly string[] {
  const variables = releaseVariables(release, surroundings.data_folder, surroundings.variables);
  return command.map((word) => expand(word, variables));
}

/** @throws UnknownPlaceholder */
export function environmentOf(release: LocalRelease, surroundings: Surroundings): { readonly [name: string]: string } {
  const { data_folder, agent_environment } = surroundings;
  const variables = releaseVariables(release, data_folder, surroundings.variables);
  const result: Record<string, string> = {};
  for (const name of inherited) {
    const value = agent_environment[name];
    if (value !== undefined) result[name] = value;
  }
  for (const [name, value] of Object.entries(release.manifest.run.environment)) result[name] = expand(value, variables);
  return {
    ...result,
    KEDGE_DATA: data_folder,
    KEDGE_RELEASE: release.folder,
    KEDGE_VERSION: release.manifest.version,
  };
}
