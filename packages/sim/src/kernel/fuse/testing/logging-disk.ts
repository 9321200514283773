/** A disk that writes down what it is told: ext4 on a loop device, on a file in a file system of our own. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { unmount } from '../../testing/ext4-image.ts';
import { type DiskOperation, decodeLog } from '../disk-log.ts';
import { scratchFolder } from './scratch.ts';

const server = resolve(import.meta.dirname, '../serve-main.ts');

/** A rename does not write the data of the file that it moves, and a discard would be a kind of write. */
const mount_options = 'noauto_da_alloc,nodiscard';

/**
 * @param image with ext4; is changed as the disk is
 * @param folder where it is mounted
 * @param use may append to the file `mark`: that stands in the log between the disk's operations, where it was done
 */
export async function logOfDisk(
  image: string,
  folder: string,
  use: (mark: string) => Promise<void>,
): Promise<readonly DiskOperation[]> {
  const scratch = scratchFolder('logging-disk');
  try {
    await useLogged(scratch, image, folder, use);
    return decodeLog(readFileSync(join(scratch, 'log')));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

async function useLogged(
  scratch: string,
  image: string,
  folder: string,
  use: (mark: string) => Promise<void>,
): Promise<void> {
  await using undo = new AsyncDisposableStack();
  const [served, log] = [join(scratch, 'served'), join(scratch, 'log')];
  for (const each of [served, folder]) mkdirSync(each, { recursive: true });
  const serving = spawn(process.execPath, [server, image, log, served], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(serving, 'exit');
  undo.defer(async () => {
    await ended;
  });
  await Promise.race([once(serving.stdout, 'data'), ended]);
  if (serving.exitCode !== null) throw new Error('the file system of the disk could not be mounted');
  undo.defer(() => unmount(served));
  const device = run('losetup', '--show', '--find', '--direct-io=on', join(served, 'disk')).trim();
  undo.defer(() => void run('losetup', '--detach', device));
  run('mount', '-t', 'ext4', '-o', mount_options, device, folder);
  undo.defer(() => unmount(folder));
  await use(join(served, 'mark'));
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' });
}
