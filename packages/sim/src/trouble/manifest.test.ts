import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { manifestPath } from '@kedge/core/manifest';
import { build } from '@kedge/publish/build';
import { commit } from '@kedge/publish/commit';
import { readKeyring } from '@kedge/publish/keyring';
import { readRepository, roleOf } from '@kedge/publish/repository';
import { describeTarget, nextTargets } from '@kedge/publish/targets';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeTinyRelease } from '../testing/tiny-app.ts';
import { type Owner, ownerOfInstalled } from './testing/owner.ts';

const ports = { disk: nodeDisk, clock: systemClock, random: systemRandom, sha256 };
const kedge = resolve(import.meta.dirname, '../../../cli/src/main.ts');

let owner: Owner;
beforeEach(async () => {
  owner = await ownerOfInstalled();
});
afterEach(() => owner.close());

test('a signed manifest with a missing field is one line that names release and field, and is passed over', async () => {
  await signWithout('run', { version: '1.1.0', counter: 2 });
  const { code, out } = await owner.kedge('check');
  expect(code).toBe(0);
  expect(out[0]).toBe('up to date');
  expect(out).toContainEqual(
    '  warning: stable/tiny/1.1.0.json: run: is missing: this agent may be too old for this release',
  );
  await owner.expectNothingLost();
});

test('a release file with a missing field is not built: one line that names the field, exit code 3', () => {
  const source = join(owner.world.folder, 'incomplete');
  mkdirSync(source);
  writeTinyRelease(source, { version: '1.1.0', counter: 2 });
  const file = join(source, 'release.json');
  const { run: _, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify(rest));
  const ended = spawnSync(process.execPath, [kedge, 'build', file, '--output', join(source, 'out')], {
    encoding: 'utf8',
  });
  expect({ code: ended.status, err: ended.stderr }).toEqual({
    code: 3,
    err: expect.stringMatching(/^kedge: .*run: is missing\n$/),
  });
});

/** As a publisher with other tools might: the signatures are good, the manifest is not. */
async function signWithout(field: string, release: { version: string; counter: number }): Promise<void> {
  const { folder, repository } = owner.world;
  const source = join(folder, `source-${release.version}`);
  writeTinyRelease(source, release);
  await build(ports, join(source, 'release.json'), join(source, 'out'));
  const whole = JSON.parse(readFileSync(join(source, 'out/manifest.json'), 'utf8'));
  delete whole[field];
  const bytes = new TextEncoder().encode(JSON.stringify(whole));
  const path = manifestPath({ ...release, channel: 'stable', product: 'tiny' });
  const before = await readRepository(nodeDisk, repository);
  const role = nextTargets('stable', roleOf(before, 'stable').signed, systemClock.now_ms(), {
    targets: [describeTarget(sha256, path, bytes, release)],
  });
  const keyring = await readKeyring(nodeDisk, { folder: join(folder, 'keys'), passphrase: undefined });
  await commit(ports, keyring, before, { roles: new Map([['stable', role]]), files: new Map([[path, bytes]]) });
}
