/** What a suite needs of the machine that it runs on. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Says what is missing, for the title of a suite that then cannot run here. */
export function missingTools(...names: readonly string[]): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  const missing = names.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}`;
}
