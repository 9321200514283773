import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '@kedge/core/digest';
import { manifestCachePath } from '@kedge/trust/candidates';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Device } from './device.ts';
import { keepManifest, localRelease, refOf } from './local-release.ts';
import { type TemporaryDevice, temporaryDevice } from './testing/temporary-device.ts';

let place: TemporaryDevice;
let device: Device;
beforeEach(async () => {
  place = await temporaryDevice();
  device = await place.open();
  await keepManifest(device, '1.1.0', bytes);
});
afterEach(() => place.close());

const bytes = new TextEncoder().encode(
  JSON.stringify({
    format: 'kedge-manifest/1',
    product: 'tiny',
    version: '1.1.0',
    channel: 'stable',
    counter: 2,
    severity: 'patch',
    released_at: '2026-01-20T08:00:00Z',
    git_commit: null,
    artifacts: [
      {
        platform: 'any',
        sha256: '0'.repeat(64),
        length_bytes: 1,
        unpacked_bytes: 0,
        entry_count: 1,
        tree_sha256: '0'.repeat(64),
      },
    ],
    run: { command: ['app'] },
  }),
);
const ref = { version: '1.1.0', counter: 2, manifest_sha256: digestOf(sha256, bytes) };

describe('the manifest beside a tree', () => {
  test('is the one that the reference names, and tells what that is', async () => {
    expect((await localRelease(device, ref)).manifest).toMatchObject({ version: '1.1.0', counter: 2 });
    expect(await refOf(device, '1.1.0')).toEqual(ref);
  });

  test('that was changed is not believed: the one among the trusted stands in for it, or nothing', async () => {
    change();
    await expect(localRelease(device, ref)).rejects.toThrow(/is missing or changed/);
    const trusted = manifestCachePath(device.paths.trust, ref.manifest_sha256);
    mkdirSync(join(trusted, '..'), { recursive: true });
    writeFileSync(trusted, bytes);
    expect((await localRelease(device, ref)).manifest.run.command).toEqual(['app']);
  });
});

function change(): void {
  const path = join(device.paths.manifests, '1.1.0.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"app"', '"another"'));
}
