/** Small ext4 file systems in files. What was not synced is not in a copy of the file: that is a power cut. */

import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { systemClock } from '@kedge/trust/os/clock';

const run = promisify(execFile);

/** Nothing goes to the disk by itself within a test, and a rename does not write the data of the file that it moves. */
const mount_options = 'loop,noauto_da_alloc,commit=600';

export async function makeImage(image: string): Promise<void> {
  const eager = ['-E', 'lazy_itable_init=0,lazy_journal_init=0'];
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', ...eager, image, '24M']);
}

/**
 * Of a mounted image: what a power cut at this moment would leave. The copy is always a new file: what was there may still be
 * mounted in a mount namespace that began meanwhile, and would be mounted again as it is.
 */
export async function copyImage(from: string, to: string): Promise<void> {
  await run('cp', ['--sparse=always', '--remove-destination', from, to]);
}

/** Mounts it for as long as the work takes. */
export async function mounted<T>(image: string, folder: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true });
  await run('mount', ['-t', 'ext4', '-o', mount_options, image, folder]);
  try {
    return await work();
  } finally {
    await unmount(folder);
  }
}

const unmount_retry_ms = 50;
const unmount_attempts_max = 200;

/** A process that was killed holds its files for a moment after it can no longer be seen. @throws when one is left */
export async function unmount(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run('umount', [folder]);
      return;
    } catch (error) {
      if (attempt === unmount_attempts_max) {
        // It must not keep the loop device for ever; but who mounts this image next would see what is mounted now.
        await run('umount', ['--lazy', folder]);
        throw error;
      }
    }
    await systemClock.sleep(unmount_retry_ms);
  }
}
