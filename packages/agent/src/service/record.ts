/** `service.json`: which process is the app's, for the next agent. */

import { type Infer, InvalidInput, integer, object, parseJson, text } from '@kedge/core/parse';
import type { Disk } from '@kedge/core/ports';
import { versionText } from '@kedge/core/version';
import { writeAtomic } from '@kedge/trust/atomic-file';

const serviceRecord = object({
  version: versionText,
  pid: integer({ min: 1 }),
  started: text(),
  /** Wall time, milliseconds since 1970. */
  since_ms: integer({ min: 0 }),
  stop_timeout_ms: integer({ min: 0 }),
});
export type ServiceRecord = Infer<typeof serviceRecord>;

export async function writeRecord(disk: Disk, path: string, record: ServiceRecord): Promise<void> {
  await writeAtomic(disk, path, new TextEncoder().encode(`${JSON.stringify(record)}\n`), 0o600);
}

/** A damaged record is as none: the app's processes are then found by their mark. */
export async function readRecord(disk: Disk, path: string): Promise<ServiceRecord | undefined> {
  const bytes = await disk.read(path, 65_536);
  if (!bytes) return undefined;
  try {
    return parseJson(serviceRecord, new TextDecoder().decode(bytes), path);
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}
