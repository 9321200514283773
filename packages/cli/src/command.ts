/** What a command is given, and how its troubles become a line and an exit code. */

import { resolve } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { isOfTheDevice, isOutOfSpace } from '@kedge/agent/failure';
import { InvalidInput } from '@kedge/core/parse';
import { type Clock, type Disk, errorCode, type Net, type Random, type Sha256 } from '@kedge/core/ports';
import { exitCode } from './exit-code.ts';

export type CommandIo = {
  out(line: string): void;
  err(line: string): void;
  readonly env: { readonly [name: string]: string | undefined };
  /** Aborted when the person or the machine wants the command to stop. */
  readonly signal: AbortSignal;
  readonly ports: {
    readonly disk: Disk;
    readonly clock: Clock;
    readonly random: Random;
    readonly net: Net;
    readonly sha256: Sha256;
  };
};

export type Command = (args: readonly string[], io: CommandIo) => Promise<number>;

/** The command line is wrong. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UsageError';
  }
}

/**
 * Runs a command's work: prints `usage` for `--help`, and the one line of an expected trouble. Anything else that is
 * thrown is a bug and goes on.
 */
export async function runCommand(
  args: readonly string[],
  io: CommandIo,
  usage: string,
  work: () => Promise<number>,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    io.out(usage);
    return exitCode.ok;
  }
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    io.err(error.message);
    if (code === exitCode.usage) io.err(usage);
    return code;
  }
}

/** As `parseArgs` of `node:util`, strict, with at most so many words beside the options. @throws UsageError */
export function readArgs<T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
  words_max: number,
) {
  try {
    const read = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    refuseWords(read.positionals.slice(words_max));
    return read;
  } catch (error) {
    if (!errorCode(error)?.startsWith('ERR_PARSE_ARGS')) throw error;
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** A word that is not looked at may be what somebody relies on. @throws UsageError */
export function refuseWords(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`${words.join(' ')} is too much`);
}

/** @throws UsageError */
export function required(value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new UsageError(`${what} is missing`);
  return value;
}

export function absolute(path: string): string {
  return resolve(path);
}

function codeOf(error: unknown): number | undefined {
  if (error instanceof UsageError) return exitCode.usage;
  if (error instanceof InvalidInput) return exitCode.bad_input;
  // By name: the agent's bundle has no publisher in it.
  if (error instanceof Error && error.name === 'Refused') return exitCode.refused;
  if (errorCode(error) === 'EFBIG') return exitCode.bad_input;
  if (isOutOfSpace(error)) return exitCode.no_space;
  // A machine in trouble, such as a folder of somebody else, is no bug.
  return isOfTheDevice(error) ? exitCode.failed : undefined;
}
