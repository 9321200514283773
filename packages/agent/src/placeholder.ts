/** `${name}` in a manifest's commands, environment and checks: what a release may know about the device it is on. */

import type { LocalRelease } from './ports.ts';

export type Variables = { readonly [name: string]: string };

/** The device's own variables with `data` and `release`, which cannot be taken by another meaning. */
export function releaseVariables(release: LocalRelease, data_folder: string, device: Variables): Variables {
  return { ...device, data: data_folder, release: release.folder };
}

/** One pass: a value that itself holds `${...}` stays as it is. @throws UnknownPlaceholder */
export function expand(template: string, variables: Variables): string {
  return template.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) throw new UnknownPlaceholder(name, template, Object.keys(variables));
    return value;
  });
}

export class UnknownPlaceholder extends Error {
  constructor(name: string, template: string, known: readonly string[]) {
    const names = known.toSorted().map((each) => `\${${each}}`);
    super(
      `\${${name}} in "${template}" is not known on this device (known: ${names.join(', ')}); ` +
        "add it to the variables of the device's configuration",
    );
    this.name = 'UnknownPlaceholder';
  }
}
