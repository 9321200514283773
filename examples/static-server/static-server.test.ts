import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manifest, manifestFormat } from '@kedge/core/manifest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort, runProgram, startProgram } from '../recorder/testing/running-program.ts';
import { staticServerRelease, staticServerTree } from './static-server.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'static-server-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each(['previous', 'next'] as const)('the %s static server', (which) => {
  const { version, run, checks } = staticServerRelease(which);

  test('serves its page without a standard input, until SIGTERM', async () => {
    await staticServerTree(which, folder);
    const port = await freePort();
    const expand = (text: string): string => text.replace('${release}', folder).replace('${port}', String(port));
    const [check] = checks;
    if (check?.kind !== 'http') throw new Error('its check is one of HTTP');
    const program = await startProgram(
      { command: [join(folder, 'bin/esbuild'), ...run.command.slice(1).map(expand)], folder },
      'Local:',
    );
    try {
      const response = await fetch(expand(check.url));
      expect(response.status).toBe(check.status);
      expect(await response.text()).toContain(check.contains);
    } finally {
      expect(await program.stop()).toMatchObject({ signal: 'SIGTERM' });
    }
  });

  test('is the binary of the version it says it is', async () => {
    await staticServerTree(which, folder);
    const ended = await runProgram({ command: [join(folder, 'bin/esbuild'), '--version'], folder });
    expect(ended).toEqual({ code: 0, signal: null, output: `${version}\n` });
  });

  test('has a description that fits into a manifest', () => {
    const artifact = {
      platform: 'linux-x64',
      sha256: '0'.repeat(64),
      length_bytes: 1,
      unpacked_bytes: 1,
      entry_count: 1,
    };
    const artifacts = [{ ...artifact, tree_sha256: '0'.repeat(64) }];
    const whole = { format: manifestFormat, git_commit: null, artifacts, ...staticServerRelease(which) };
    expect(manifest.parse(whole, '')).toEqual({ ...whole, migrations: [] });
  });
});
