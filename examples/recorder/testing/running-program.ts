import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

export type RunningProgram = {
  /** Sends SIGTERM. Rejects when the program does not end by itself within 5 s; it is killed then. */
  stop(): Promise<Ended>;
};
export type Ended = { readonly code: number | null; readonly signal: string | null; readonly output: string };
export type Command = { readonly command: readonly string[]; readonly folder: string };

/** Below the time a test may take, so that no program outlives the test it was started for. */
const life_ms_max = 20_000;

/** Resolves when the program has printed `line`; rejects with all it printed when it ends before that. */
export async function startProgram({ command, folder }: Command, line: string): Promise<RunningProgram> {
  const program = run({ command, folder });
  await new Promise<void>((resolve, reject) => {
    program.onOutput((output) => {
      if (output.includes(line)) resolve();
    });
    program.ended.then(({ output }) => reject(new Error(`it ended before it printed "${line}": ${output}`)), reject);
  });
  return {
    stop: async () => {
      program.child.kill('SIGTERM');
      const deadline = setTimeout(() => program.child.kill('SIGKILL'), 5_000);
      const ended = await program.ended;
      clearTimeout(deadline);
      if (ended.signal === 'SIGKILL') throw new Error(`it did not end on SIGTERM: ${ended.output}`);
      return ended;
    },
  };
}

/** For a program that is to end by itself; one that does not is killed after 20 s. */
export function runProgram(command: Command): Promise<Ended> {
  return run(command).ended;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

function run({ command: [file = '', ...words], folder }: Command) {
  const child = spawn(file, words, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: life_ms_max,
    killSignal: 'SIGKILL',
  });
  let output = '';
  const listeners: ((output: string) => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const listener of listeners) listener(output);
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, output }));
  });
  return { child, ended, onOutput: (listener: (output: string) => void) => listeners.push(listener) };
}
