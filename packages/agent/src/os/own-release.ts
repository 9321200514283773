import { realpathSync } from 'node:fs';
import { sep } from 'node:path';

/**
 * Which release of the agent this process was started from. Undefined: none in that folder, so another release of it
 * would not be what starts next.
 *
 * @param folder the agent's own, with `releases` in it
 */
export function ownRelease(folder: string): string | undefined {
  try {
    const program = realpathSync(process.argv[1] ?? '');
    const releases = `${realpathSync(folder)}${sep}releases${sep}`;
    return program.startsWith(releases) ? program.slice(releases.length).split(sep)[0] : undefined;
  } catch {
    // Neither is there: it runs from somewhere else.
    return undefined;
  }
}
