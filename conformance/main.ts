/** `./kedge conformance`: Kedge's TUF client, as a conformance suite wants to call it. */

import { resolve } from 'node:path';
import { type CommandIo, readArgs, required, UsageError } from '@kedge/cli/command';
import { exitCode } from '@kedge/cli/exit-code';
import { errorCode } from '@kedge/core/ports';
import { Distrust } from '@kedge/trust/distrust';
import { download, init, refresh } from './client.ts';
import { sha512 } from './os/sha512.ts';

const usage = `usage: conformance/client --metadata-dir FOLDER init ROOT
       conformance/client --metadata-dir FOLDER --metadata-url URL refresh
       conformance/client --metadata-dir FOLDER --metadata-url URL --target-name PATH --target-dir FOLDER
                          --target-base-url URL download`;

const text = { type: 'string' } as const;
const options = {
  'metadata-dir': text,
  'metadata-url': text,
  'target-name': text,
  'target-dir': text,
  'target-base-url': text,
};

/** The protocol knows two exit codes: it worked, and it did not. */
export async function main(args: readonly string[], io: CommandIo): Promise<number> {
  if (args.includes('--help')) {
    io.out(usage);
    return exitCode.ok;
  }
  try {
    await run(args, io);
    return exitCode.ok;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isExpected = error instanceof Distrust || errorCode(error) !== undefined;
    if (!isExpected && !(error instanceof UsageError)) throw error;
    io.err(error.message);
    if (error instanceof UsageError) io.err(usage);
    return exitCode.failed;
  }
}

async function run(args: readonly string[], io: CommandIo): Promise<void> {
  const ports = { ...io.ports, sha512 };
  const { values, positionals } = readArgs(args, options, 2);
  const [command, root] = positionals;
  const option = (name: keyof typeof options) => required(values[name], `--${name}`);
  const metadata_folder = resolve(option('metadata-dir'));
  if (command === 'init') return init(ports, metadata_folder, resolve(required(root, 'ROOT')));
  const place = { metadata_folder, metadata_url: option('metadata-url') };
  if (command === 'refresh') {
    await refresh(ports, place);
    return;
  }
  if (command !== 'download') throw new UsageError(`there is no command ${command}`);
  return download(ports, place, {
    path: option('target-name'),
    folder: resolve(option('target-dir')),
    base_url: option('target-base-url'),
  });
}
