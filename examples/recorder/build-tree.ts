import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest } from '@kedge/core/manifest';
import { build } from 'esbuild';
import { model as v1_0_0 } from './versions/1.0.0.ts';
import { model as v1_1_0 } from './versions/1.1.0.ts';
import { model as v1_2_0 } from './versions/1.2.0.ts';
import { model as v1_3_0 } from './versions/1.3.0.ts';
import { model as v1_3_1 } from './versions/1.3.1.ts';

/** 1.3.0 starts, and is not healthy. */
export const recorderVersions = ['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.3.1'] as const;
export type RecorderVersion = (typeof recorderVersions)[number];

const history = {
  '1.0.0': { model: v1_0_0, severity: 'feature', released_at: '2026-01-20T08:00:00Z', notes: 'Records.' },
  '1.1.0': { model: v1_1_0, severity: 'feature', released_at: '2026-02-17T08:00:00Z', notes: 'Adds priorities.' },
  '1.2.0': { model: v1_2_0, severity: 'feature', released_at: '2026-03-17T08:00:00Z', notes: 'Adds shows.' },
  '1.3.0': { model: v1_3_0, severity: 'feature', released_at: '2026-04-21T08:00:00Z', notes: 'Adds retention.' },
  '1.3.1': { model: v1_3_1, severity: 'major', released_at: '2026-04-22T08:00:00Z', notes: 'Mends 1.3.0.' },
} as const;

/**
 * Writes what a release of the recorder is made of, `server.mjs`, `frontend/` and `migrations/`, into `folder`.
 *
 * @param options.as another version to go by, for a release that differs in nothing else
 */
export async function buildRecorderTree(
  version: RecorderVersion,
  folder: string,
  options: { readonly as?: string } = {},
): Promise<void> {
  const { as = version } = options;
  await mkdir(join(folder, 'frontend', 'assets'), { recursive: true });
  await Promise.all([
    buildServer(version, as, join(folder, 'server.mjs')),
    buildFrontend(version, as, join(folder, 'frontend')),
    copyMigrations(version, join(folder, 'migrations')),
  ]);
}

/** What `release.json` says of it. Its platform is `any`: the tree holds no machine code. */
export function recorderRelease(
  version: RecorderVersion,
): Omit<Manifest, 'format' | 'git_commit' | 'artifacts' | 'migrations'> {
  const { severity, released_at, notes } = history[version];
  const times = { critical: true, timeout_ms: 2_000 };
  const url = 'http://127.0.0.1:${port}';
  return {
    product: 'recorder',
    version,
    channel: 'stable',
    counter: recorderVersions.indexOf(version) + 1,
    severity,
    released_at,
    notes,
    requirements: { runtime: { node: '24.0.0' } },
    run: {
      command: ['node', 'server.mjs', '--port', '${port}', '--data', '${data}'],
      environment: {},
      stop_timeout_ms: 5_000,
    },
    data: [{ kind: 'sqlite', path: 'recorder.db' }],
    checks: [
      { kind: 'http', name: 'health', url: `${url}/health`, status: 200, contains: '"ok"', ...times },
      { kind: 'graphql', name: 'api', url: `${url}/graphql`, query: '{ recordings { id title } }', ...times },
      { kind: 'tcp', name: 'port', address: '127.0.0.1:${port}', ...times },
      { kind: 'sqlite', name: 'database', path: 'recorder.db', ...times },
    ],
    preflight: [{ kind: 'http', name: 'not-recording', url: `${url}/busy`, status: 200, ...times }],
    validation: { deadline_ms: 60_000, healthy_for_ms: 5_000, interval_ms: 1_000 },
  };
}

const here = import.meta.dirname;

async function buildServer(version: RecorderVersion, as: string, outfile: string): Promise<void> {
  const contents = `
    import { runRecorder } from './src/main.ts';
    import { model } from './versions/${version}.ts';
    runRecorder(${JSON.stringify(as)}, model);`;
  await build({
    stdin: { contents, resolveDir: here, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
}

async function buildFrontend(version: RecorderVersion, as: string, folder: string): Promise<void> {
  const source = join(here, 'frontend');
  const page = await readFile(join(source, 'index.html'), 'utf8');
  await writeFile(join(folder, 'index.html'), page.replaceAll('VERSION', as));
  await build({
    entryPoints: [join(source, 'page.js'), join(source, 'page.css')],
    outdir: join(folder, 'assets'),
    format: 'esm',
    target: 'es2022',
    minify: true,
    define: { PAGE_FIELDS: JSON.stringify(history[version].model.page_fields) },
    logLevel: 'silent',
  });
}

/** A version carries every migration up to the schema it needs, for devices that come from any version before. */
async function copyMigrations(version: RecorderVersion, folder: string): Promise<void> {
  const source = join(here, 'migrations');
  const files = (await readdir(source)).filter(
    (file) => Number.parseInt(file, 10) <= history[version].model.schema_version,
  );
  await Promise.all(files.map((file) => cp(join(source, file), join(folder, file))));
}
