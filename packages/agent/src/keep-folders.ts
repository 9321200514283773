import type { Device } from './device.ts';

/**
 * A folder is made durably once, and taken as it is found ever after. One that a killed agent had just made, or whose sync had
 * failed, is found as well: it may still go with the power, and with it all that was written into it since, such as
 * everything that is trusted. So the folders that hold folders are synced before anything is built upon them.
 */
export async function keepFolders({ disk, paths }: Pick<Device, 'disk' | 'paths'>): Promise<void> {
  for (const folder of [paths.folder, paths.state, paths.trust, `${paths.folder}/releases`]) {
    if (await disk.stat(folder)) await disk.syncFolder(folder);
  }
}
