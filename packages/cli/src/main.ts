/** The `kedge` command: finds the command that the first word names, and ends with its exit code. */

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from './command.ts';
import { exitCode } from './exit-code.ts';
import { runProcess } from './os/run-process.ts';

const root = resolve(import.meta.dirname, '../../..');

/** Each is loaded only when it is called. */
const commands: { readonly [name: string]: { readonly about: string; readonly load: () => Promise<Command> } } = {
  demo: { about: 'real releases, from being built to being thrown out again', load: script('examples/demo/main.ts') },
  test: { about: 'types, format, lint and all tests', load: script('scripts/test.ts') },
  keys: {
    about: 'make, rotate and revoke the keys of a repository',
    load: async () => (await import('./commands/keys.ts')).keys,
  },
  build: {
    about: 'make archives and a manifest of built software',
    load: async () => (await import('./commands/build.ts')).build,
  },
  publish: {
    about: 'sign a built release and add it to a repository',
    load: async () => (await import('./commands/publish.ts')).publish,
  },
  verify: { about: 'check a whole repository', load: async () => (await import('./commands/verify.ts')).verify },
  refresh: {
    about: 'sign what is about to expire again',
    load: async () => (await import('./commands/refresh.ts')).refresh,
  },
  yank: { about: 'withdraw a release', load: async () => (await import('./commands/yank.ts')).yank },
  agent: {
    about: 'run the agent on a device, or ask it something',
    load: async () => (await import('./commands/agent.ts')).agent,
  },
  sim: { about: 'look for the power cut that strands a device', load: script('packages/sim/src/main.ts') },
  conformance: { about: 'the client that a TUF conformance suite runs', load: script('conformance/main.ts') },
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

await runProcess(async ([name, ...args], io) => {
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command) return (await command.load())(args, io);
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(usage);
    return exitCode.ok;
  }
  io.err(name === undefined ? 'a command is missing' : `there is no command ${name}`);
  io.err(usage);
  return exitCode.usage;
});
