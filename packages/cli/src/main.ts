/** The `kedge` command: finds the command that the first word names, and ends with its exit code. */

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { nodeNet } from '@kedge/trust/os/net';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import type { Command, CommandIo } from './command.ts';
import { exitCode } from './exit-code.ts';

const root = resolve(import.meta.dirname, '../../..');

/** Each is loaded only when it is called. */
const commands: { readonly [name: string]: { readonly about: string; readonly load: () => Promise<Command> } } = {
  demo: { about: 'real releases, from being built to being thrown out again', load: script('examples/demo/main.ts') },
  test: { about: 'types, format, lint and all tests', load: script('scripts/test.ts') },
  keys: { about: 'make, rotate and revoke the keys of a repository', load: async () => (await import('./commands/keys.ts')).keys },
  build: { about: 'make archives and a manifest of built software', load: async () => (await import('./commands/build.ts')).build },
  publish: { about: 'sign a built release and add it to a repository', load: async () => (await import('./commands/publish.ts')).publish },
  verify: { about: 'check a whole repository', load: async () => (await import('./commands/verify.ts')).verify },
  refresh: { about: 'sign what is about to expire again', load: async () => (await import('./commands/refresh.ts')).refresh },
  yank: { about: 'withdraw a release', load: async () => (await import('./commands/yank.ts')).yank },
  agent: { about: 'run the agent on a device, or ask it something', load: async () => (await import('./commands/agent.ts')).agent },
  bench: { about: 'measure downtime or idle cost', load: script('bench/main.ts') },
  'build-agent': { about: 'bundle the agent into one file', load: script('scripts/build-agent.ts') },
};

function script(path: string): () => Promise<Command> {
  return async () => (await import(pathToFileURL(resolve(root, path)).href)).main;
}

const usage = `usage: kedge COMMAND [ARGUMENT ...]

${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join('\n')}

"kedge COMMAND --help" tells more.`;

async function main(name: string | undefined, args: readonly string[]): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
  const io: CommandIo = {
    out: (line) => console.log(line),
    err: (line) => console.error(`kedge: ${line}`),
    env: process.env,
    signal: stop.signal,
    ports: { disk: nodeDisk, clock: systemClock, random: systemRandom, net: nodeNet(), sha256 },
  };
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return (await command.load())(args, io);
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(usage);
    return exitCode.ok;
  }
  io.err(name === undefined ? 'a command is missing' : `there is no command ${name}`);
  console.error(usage);
  return exitCode.usage;
}

try {
  const [name, ...args] = process.argv.slice(2);
  process.exitCode = await main(name, args);
} catch (error) {
  console.error(error);
  process.exitCode = exitCode.failed;
}
