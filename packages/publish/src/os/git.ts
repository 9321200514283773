import { execFile } from 'node:child_process';
import { errorCode } from '@kedge/core/ports';

export type SourceCommit = { readonly id: string; readonly committed_at: string };

/** Undefined where the folder is not in a checkout, the checkout has no commit yet, or there is no git. */
export function headCommit(folder: string): Promise<SourceCommit | undefined> {
  return new Promise((resolve, reject) => {
    execFile('git', ['-C', folder, 'log', '-1', '--format=%H %ct'], (error, stdout) => {
      const [, id, seconds] = /^([0-9a-f]{40,64}) (\d+)\n$/.exec(stdout) ?? [];
      if (id !== undefined && seconds !== undefined) {
        resolve({ id, committed_at: `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z` });
      } else if (error === null || typeof error.code === 'number' || errorCode(error) === 'ENOENT') {
        resolve(undefined);
      } else {
        reject(error);
      }
    });
  });
}
