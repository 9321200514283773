/** The backups of the app's data on this device, one folder each. */

import { removeTree } from '@kedge/trust/atomic-file';
import type { Device } from './device.ts';

type Where = Pick<Device, 'disk' | 'paths'>;

export function backupFolder({ paths }: Pick<Where, 'paths'>, id: string): string {
  return `${paths.backups}/${id}`;
}

/** @param kept ids */
export async function dropOtherBackups(where: Where, kept: readonly (string | undefined)[]): Promise<void> {
  for (const id of (await where.disk.list(where.paths.backups)) ?? []) {
    if (!kept.includes(id)) await dropBackup(where, id);
  }
}

export async function dropBackup(where: Where, id: string): Promise<void> {
  await removeTree(where.disk, backupFolder(where, id));
}
