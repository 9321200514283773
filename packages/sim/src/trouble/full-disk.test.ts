/** A disk with no room left: a real one, small and mounted for the test, and one that is full at a chosen write. */

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgent } from '@kedge/agent/agent';
import type { Disk } from '@kedge/core/ports';
import { nodeDisk } from '@kedge/trust/os/disk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { installFirst, type Owner, ownerOfDevice, ownerOfInstalled } from './testing/owner.ts';

const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!canMount)('a full disk (needs root on Linux to mount one)', () => {
  let owner: Owner;
  let ballast: string;
  beforeEach(async () => {
    owner = await ownerOfDevice();
    const { device_folder } = owner.world;
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'kedge-full-disk', device_folder]);
    ballast = join(device_folder, 'ballast');
    owner.configure('');
    await owner.world.publish({ version: '1.0.0', counter: 1 });
    await installFirst(owner);
  });
  afterEach(async () => {
    // The app's processes keep the file system busy until they are gone.
    const { device_folder } = owner.world;
    await owner.endApp().finally(() => execFileSync('umount', ['--lazy', device_folder]));
    await owner.close();
  });

  /** Leaves so many bytes free. */
  function fill(free_bytes: number): void {
    rmSync(ballast, { force: true });
    const { bavail, bsize } = statfsSync(owner.world.device_folder);
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - free_bytes)));
  }

  async function expectNoSpace(): Promise<readonly string[]> {
    const { code, out, err } = await owner.kedge('check');
    expect({ code, said: [...out, ...err].join('\n') }).toEqual({ code: 6, said: expect.any(String) });
    await owner.expectWorking('1.0.0');
    return [...out, ...err];
  }

  async function expectWellAgain(): Promise<void> {
    rmSync(ballast);
    await owner.expectNothingLost();
  }

  test('is told before a download that cannot fit, with how much to free, exit code 6', async () => {
    await owner.world.publish({ version: '1.1.0', counter: 2, salt: salt(1_000_000) });
    fill(600_000);
    const said = await expectNoSpace();
    expect(said.join('\n')).toMatch(/Version 1\.1\.0 needs .* of free disk, and there are .*; free .*\./);
    await expectWellAgain();
  });

  test('with not one byte left keeps the app running, also through a restart of the agent', async () => {
    await owner.world.publish({ version: '1.1.0', counter: 2 });
    fill(0);
    const said = await expectNoSpace();
    expect(said.at(-1)).toMatch(/the disk is full; free some space$/);
    await owner.endApp();
    const agent = await owner.run();
    await owner.expectWorking('1.0.0');
    expect((await expectNoSpace()).at(-1)).toMatch(/the disk is full; free some space$/);
    expect(agent.exitCode).toBeNull();
    rmSync(ballast);
    await owner.expectNothingLost();
  });

  test('that fills up while an update is applied leaves the old version: the download makes room for the way back', async () => {
    const { world } = owner;
    await world.publish({ version: '1.1.0', counter: 2, salt: salt(400_000) });
    await owner.endApp();
    const disk: Disk = {
      ...nodeDisk,
      async rename(from, to) {
        await nodeDisk.rename(from, to);
        const isMigrated = to.endsWith('/journal.json') && readFileSync(to, 'utf8').includes('"kind": "MIGRATED"');
        if (isMigrated) fill(0);
      },
    };
    const { device, trace, cutPower } = await world.boot({ disk });
    const agent = createAgent(device);
    await agent.recover();
    const report = await agent.check({ kind: 'asked', wanted: null });
    expect(report).toMatchObject({ kind: 'rolled_back', obstacle: 'no_space', lost_writes: null });
    expect(trace().slice(-3)).toEqual(['ROLLING_BACK', 'COMPLETE', 'report rolled_back']);
    await owner.expectWorking('1.0.0');
    await device.log.close();
    await cutPower();
    rmSync(ballast);
    await owner.expectNextInstalled();
  });

  test.each([8_192, 65_536])(
    'with %i bytes left ends as no space or as the new version, never in between',
    async (free_bytes) => {
      await owner.world.publish({ version: '1.1.0', counter: 2, salt: salt(20_000) });
      fill(free_bytes);
      const { code } = await owner.kedge('check');
      expect([0, 6]).toContain(code);
      await owner.expectWorking(code === 0 ? '1.1.0' : '1.0.0');
      rmSync(ballast);
      if (code === 6) await owner.expectNothingLost();
    },
  );
});

describe('a disk that is full from a chosen write on', () => {
  let owner: Owner;
  beforeEach(async () => {
    owner = await ownerOfInstalled();
  });
  afterEach(() => owner.close());

  const moments = {
    'the download': /\/downloads\//,
    'the backup': /\/backups\//,
    'the staging': /\/releases\/\.staging\//,
    'the manifest beside the tree': /\/state\/manifests\//,
    'the journal': /\/state\/journal\.json/,
    'the memory of what is installed': /\/state\/installed\.json/,
  };

  test.each(Object.entries(moments))('in %s leaves the old version, and the next look installs', async (_, paths) => {
    const { world } = owner;
    await world.publish({ version: '1.1.0', counter: 2 });
    const full = fullDisk(nodeDisk, paths);
    const { device, cutPower } = await world.boot({ disk: full.disk });
    const agent = createAgent(device);
    await agent.recover();
    full.fill();
    const report = await agent.check({ kind: 'asked', wanted: null });
    expect(report).toMatchObject({
      obstacle: 'no_space',
      reasons: expect.arrayContaining([expect.stringMatching(/the disk is full; free some space|free some space/)]),
    });
    full.empty();
    await agent.check({ kind: 'asked', wanted: null });
    await world.askUntil('1.1.0');
    await cutPower();
  });
});

/** Random, so that compression does not make it small. */
function salt(bytes: number): string {
  return randomBytes(bytes / 2).toString('hex');
}

type FullDisk = { readonly disk: Disk; fill(): void; empty(): void };

/** Once it is full, there is no room for files at these paths. */
function fullDisk(disk: Disk, paths: RegExp): FullDisk {
  let isFull = false;
  return {
    fill() {
      isFull = true;
    },
    empty() {
      isFull = false;
    },
    disk: {
      ...disk,
      async open(path, how, mode) {
        const file = await disk.open(path, how, mode);
        return {
          ...file,
          async write(bytes) {
            if (!isFull || !paths.test(path)) return file.write(bytes);
            // A full disk takes what still fits.
            await file.write(bytes.subarray(0, bytes.length / 2));
            throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
          },
        };
      },
    },
  };
}
