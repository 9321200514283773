/** `./kedge build-agent`: the agent and all that it needs, in one file that any Node 24 runs. */

import { chmod, copyFile, mkdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { absolute, type CommandIo, readArgs, runCommand } from '../packages/cli/src/command.ts';

const usage = `kedge build-agent [--output DIR]
  --output DIR  where kedge-agent.cjs and its launcher, kedge-agent, are written; dist/agent by default`;

const options = { help: { type: 'boolean', short: 'h' }, output: { type: 'string' } } as const;

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values } = readArgs(args, options, 0);
    const file = await buildAgent(absolute(values.output ?? join(root, 'dist', 'agent')));
    const { size } = await stat(file);
    io.out(`${relative(process.cwd(), file)}  ${(size / 1000).toFixed(0)} kB`);
    return 0;
  });
}

const root = resolve(import.meta.dirname, '..');
const entry = join(root, 'packages/cli/src/agent-main.ts');
const foreign = ['packages/publish/', 'packages/sim/'];

/**
 * Writes `kedge-agent.cjs`, whose path it returns, and the launcher into the folder.
 *
 * CommonJS, because an ESM import of `node:http` reads each of its exports, and one of them loads all of undici.
 * @throws when what can sign, or what simulates, would be in it
 */
export async function buildAgent(output: string): Promise<string> {
  await mkdir(output, { recursive: true });
  const outfile = join(output, 'kedge-agent.cjs');
  const { metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    legalComments: 'none',
    banner: { js: '#!/usr/bin/env -S node --disable-warning=ExperimentalWarning' },
    metafile: true,
    logLevel: 'warning',
  });
  const wrong = Object.keys(metafile.inputs).filter((path) => foreign.some((folder) => path.startsWith(folder)));
  if (wrong.length > 0) throw new Error(`the agent must do without ${wrong.join(', ')}: find what imports it`);
  await chmod(outfile, 0o755);
  await copyFile(join(root, 'packages/agent/launch.sh'), join(output, 'kedge-agent'));
  return outfile;
}
