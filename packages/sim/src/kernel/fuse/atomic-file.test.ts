/** Real ext4 on the states that a power cut may leave a disk in: are they as bad as they may be, and is the atomic writer up to it? */

import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk } from '@kedge/core/ports';
import { writeAtomic } from '@kedge/trust/atomic-file';
import { nodeDisk } from '@kedge/trust/os/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createPrng } from '../../prng.ts';
import { copyImage, makeImage, mounted } from '../testing/ext4-image.ts';
import { crashStates } from './crash-states.ts';
import { logOfDisk } from './testing/logging-disk.ts';
import { missing } from './testing/missing.ts';
import { replayOn } from './testing/replay.ts';
import { scratchFolder } from './testing/scratch.ts';

const versions = 6;
const states_wanted = 60;
const seed = 1;
const timeout = 120_000;

const withoutFileSync: Disk = {
  ...nodeDisk,
  async open(path, how, mode) {
    return { ...(await nodeDisk.open(path, how, mode)), sync: () => Promise.resolve() };
  },
};
const withoutFolderSync: Disk = { ...nodeDisk, syncFolder: () => Promise.resolve() };

describe.skipIf(missing !== undefined)(
  `a file on the crash states of ext4 (${missing ?? 'by FUSE'})`,
  { timeout },
  () => {
    let scratch: string;
    beforeEach(() => {
      scratch = scratchFolder('atomic-file');
    });
    afterEach(() => rmSync(scratch, { recursive: true }));

    /** Writes a file anew several times; then for each state, which version is found, or what else, and how many were promised. */
    async function contentsAfter(disk: Disk): Promise<readonly { found: number | string; promised: number }[]> {
      const [base, image, folder] = [join(scratch, 'base.img'), join(scratch, 'state.img'), join(scratch, 'mounted')];
      await makeImage(base);
      await mounted(base, folder, () => writeAtomic(nodeDisk, join(folder, 'file'), contentOf(0)));
      await copyImage(base, image);
      const log = await logOfDisk(image, folder, async (mark) => {
        for (let version = 1; version <= versions; version += 1) {
          await writeAtomic(disk, join(folder, 'file'), contentOf(version));
          appendFileSync(mark, String(version));
          // Somebody else's fsync makes names durable, and no one else's contents.
          await writeAtomic(nodeDisk, join(folder, 'other'), contentOf(version));
        }
      });
      const replay = replayOn(base, log);
      const seen: { found: number | string; promised: number }[] = [];
      for (const state of crashStates(log, states_wanted, createPrng(seed))) {
        await replay(state, image);
        const found = await mounted(image, folder, async () => versionIn(readFileSync(join(folder, 'file'))));
        seen.push({ found, promised: log.slice(0, state.cut).filter(({ kind }) => kind === 'mark').length });
      }
      expect(seen.length).toBe(states_wanted);
      return seen;
    }

    test('is a whole version in each, and never one before the last that was promised', async () => {
      for (const { found, promised } of await contentsAfter(nodeDisk)) {
        expect([promised, promised + 1]).toContain(found);
      }
    });

    test('that is written without its own fsync has a name and no contents in some', async () => {
      expect(await contentsAfter(withoutFileSync)).toContainEqual(expect.objectContaining({ found: 'nothing' }));
    });

    test('that is written without the fsync of its folder is in some an older one than was promised', async () => {
      const older = (await contentsAfter(withoutFolderSync)).filter(({ found, promised }) => Number(found) < promised);
      expect(older.length).toBeGreaterThan(0);
    });
  },
);

function contentOf(version: number): Buffer {
  return Buffer.alloc(20_000, version + 1);
}

function versionIn(content: Buffer): number | string {
  if (content.every((byte) => byte === 0)) return 'nothing';
  const version = (content[0] ?? 0) - 1;
  return content.equals(contentOf(version)) ? version : 'a part';
}
