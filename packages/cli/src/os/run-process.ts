/** A command as the process that it runs in: its output, its signals and its exit code. */

import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { nodeNet } from '@kedge/trust/os/net';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import type { Command, CommandIo } from '../command.ts';
import { exitCode } from '../exit-code.ts';

/** Sets the process's exit code. */
export async function runProcess(command: Command): Promise<void> {
  try {
    process.exitCode = await command(process.argv.slice(2), processIo());
  } catch (error) {
    console.error(error);
    process.exitCode = exitCode.failed;
  }
}

function processIo(): CommandIo {
  const stop = new AbortController();
  let isListening = false;
  // Whoever read it has gone, as `head` does: what the command has started is still to be ended.
  process.stdout.on('error', (error) => stop.abort(error));
  return {
    out: (line) => console.log(line),
    err: (line) => console.error(`kedge: ${line}`),
    env: process.env,
    /** A command that never looks at it is ended by the signal itself: it may be cut off anywhere. */
    get signal() {
      if (!isListening) abortAtSignals(stop);
      isListening = true;
      return stop.signal;
    },
    ports: { disk: nodeDisk, clock: systemClock, random: systemRandom, net: nodeNet(), sha256 },
  };
}

function abortAtSignals(stop: AbortController): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
}
