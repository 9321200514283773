import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Manifest } from '@kedge/core/manifest';

const versions = {
  previous: { version: '0.28.1', counter: 1, released_at: '2026-01-20T08:00:00Z' },
  next: { version: '0.28.2', counter: 2, released_at: '2026-02-17T08:00:00Z' },
} as const;
export type StaticServerRelease = keyof typeof versions;

/**
 * Lays out `bin/esbuild`, as its makers published it, and `www/` in `folder`.
 *
 * @throws when there is no such binary for this machine
 */
export async function staticServerTree(which: StaticServerRelease, folder: string): Promise<void> {
  const binary = publishedBinary(which);
  await mkdir(join(folder, 'bin'), { recursive: true });
  await mkdir(join(folder, 'www'), { recursive: true });
  await copyFile(binary, join(folder, 'bin', 'esbuild'));
  await chmod(join(folder, 'bin', 'esbuild'), 0o755);
  await writeFile(join(folder, 'www', 'index.html'), page(versions[which].version));
}

/** What `release.json` says of it. Its platform is that of this machine, as `linux-x64`. */
export function staticServerRelease(
  which: StaticServerRelease,
): Omit<Manifest, 'format' | 'git_commit' | 'artifacts' | 'migrations'> {
  const { version, counter, released_at } = versions[which];
  return {
    product: 'static-server',
    version,
    channel: 'stable',
    counter,
    severity: 'patch',
    released_at,
    notes: '',
    requirements: {},
    run: {
      // Without --watch=forever it ends as soon as its standard input is closed, which for a service it always is.
      command: ['bin/esbuild', '--servedir=${release}/www', '--serve=127.0.0.1:${port}', '--watch=forever'],
      environment: {},
      stop_timeout_ms: 5_000,
    },
    data: [],
    checks: [
      {
        kind: 'http',
        name: 'page',
        critical: true,
        timeout_ms: 2_000,
        url: 'http://127.0.0.1:${port}/',
        status: 200,
        contains: `Static server ${version}`,
      },
    ],
    preflight: [],
    validation: { deadline_ms: 60_000, healthy_for_ms: 5_000, interval_ms: 1_000 },
  };
}

function publishedBinary(which: StaticServerRelease): string {
  const name = `esbuild-${which}-${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/esbuild`);
  } catch (cause) {
    const hint = 'this example needs Linux on x64 or arm64, and npm install with optional dependencies';
    throw new Error(`the package ${name} is not installed: ${hint}`, { cause });
  }
}

function page(version: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Static server ${version}</title>
  </head>
  <body>
    <h1>Static server ${version}</h1>
  </body>
</html>
`;
}
