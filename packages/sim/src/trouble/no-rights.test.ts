/** Folders that the agent may not write. Root may write everywhere, so they are mounted read-only or used by another. */

import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Owner, ownerOfInstalled } from './testing/owner.ts';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const nobody = { uid: 65_534, gid: 65_534 };

describe.skipIf(!isRoot)('without the right to write (needs root on Linux to take it away)', () => {
  let owner: Owner;
  beforeEach(async () => {
    owner = await ownerOfInstalled();
  });
  afterEach(() => owner.close());

  test('a data folder that is read-only is told before anything is touched, and waited for', async () => {
    const data = join(owner.world.device_folder, 'data');
    await owner.world.publish({ version: '1.1.0', counter: 2 });
    execFileSync('mount', ['--bind', data, data]);
    try {
      execFileSync('mount', ['-o', 'remount,ro,bind', data]);
      const { code, out } = await owner.kedge('check');
      expect({ code, out }).toEqual({
        code: 0,
        out: [
          'waiting 1.1.0',
          expect.stringMatching(
            /^ {2}the data folder .*\/data cannot be written: .*: the file system is read-only; mount it for writing$/,
          ),
        ],
      });
      await owner.expectWorking('1.0.0');
    } finally {
      execFileSync('umount', ['--lazy', data]);
    }
    await owner.expectNothingLost();
  });

  test.each(['check', 'run'])('agent %s by a person who may not is one line and exit code 1', async (words) => {
    chmodSync(owner.world.folder, 0o755);
    const { code, out, err } = await owner.kedge(words, nobody);
    expect({ code, out, err }).toEqual({
      code: 1,
      out: [],
      err: [expect.stringMatching(/^kedge: .*\/state\/.*(give the agent the right to write there|try with sudo)$/)],
    });
    await owner.expectWorking('1.0.0');
  });

  test('a configuration that may not be read is one line and exit code 1', async () => {
    const { code, out, err } = await owner.kedge('check', nobody);
    expect({ code, out, err }).toEqual({
      code: 1,
      out: [],
      err: [expect.stringMatching(/kedge\.yaml.*permission denied/)],
    });
  });
});
