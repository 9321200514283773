import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { claimed, entry, file, folder, link, tarOf, zerosAfter } from '@kedge/agent/testing/tar-writer';
import { artifactPath } from '@kedge/core/manifest';
import { build } from '@kedge/publish/build';
import { readKeyring } from '@kedge/publish/keyring';
import { publish } from '@kedge/publish/publish';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeTinyRelease } from '../testing/tiny-app.ts';
import { type Owner, ownerOfInstalled } from './testing/owner.ts';

const ports = { disk: nodeDisk, clock: systemClock, random: systemRandom, sha256 };

let owner: Owner;
beforeEach(async () => {
  owner = await ownerOfInstalled();
});
afterEach(() => owner.close());

test.each<[string, Buffer, RegExp]>([
  [
    'that climbs out of its folder',
    zstdCompressSync(tarOf(file('app.mjs', 'x'), folder('bin'), link('bin/out', '../../../../config'))),
    /"bin\/out" in the archive is a symlink to ".*config", outside the tree; do not install this release$/,
  ],
  [
    'that is a bomb',
    zerosAfter(entry({ name: 'app.mjs', size: 1000 }), 2 ** 31),
    /the archive goes on after its end; do not install this release$/,
  ],
])('a signed archive %s is refused in one line, tried once, and leaves nothing behind', async (_, archive, line) => {
  const { device_folder } = owner.world;
  await publishWith(archive, { version: '1.1.0', counter: 2 });
  const { code, out } = await owner.kedge('check');
  expect({ code, first: out[0] }).toEqual({ code: 9, first: 'dropped 1.0.0 -> 1.1.0' });
  expect(out[1]).toMatch(line);
  expect(readdirSync(join(device_folder, 'releases')).toSorted()).toEqual(['.staging', '1.0.0']);
  expect(readdirSync(join(device_folder, 'releases/.staging'))).toEqual([]);
  expect(lstatSync(join(device_folder, 'current')).isSymbolicLink()).toBe(true);
  expect(existsSync(join(device_folder, 'config'))).toBe(false);
  await owner.expectWorking('1.0.0');
  const again = await owner.kedge('check');
  expect({ code: again.code, first: again.out[0] }).toEqual({ code: 4, first: 'refused' });
  expect((await owner.kedge('explain')).out.join('\n')).toMatch(/1\.1\.0 is not tried again here/);
  await owner.expectNothingLost();
});

/** As from a vendor whose build machine was taken over: everything is signed, and the archive is another one. */
async function publishWith(archive: Buffer, release: { readonly version: string; readonly counter: number }) {
  const source = join(owner.world.folder, `source-${release.version}`);
  const out = join(source, 'out');
  writeTinyRelease(source, release);
  await build(ports, join(source, 'release.json'), out);
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'));
  manifest.artifacts = [claimed(archive, { platform: 'any' })];
  writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest));
  mkdirSync(join(out, 'artifacts'), { recursive: true });
  writeFileSync(join(out, artifactPath(manifest.artifacts[0].sha256)), archive);
  const keyring = await readKeyring(nodeDisk, { folder: join(owner.world.folder, 'keys'), passphrase: undefined });
  await publish(ports, keyring, owner.world.repository, out);
}
