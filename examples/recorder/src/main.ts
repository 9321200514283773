import { parseArgs } from 'node:util';
import { openDatabase } from './database.ts';
import type { Model } from './model.ts';
import { recorderServer } from './server.ts';

/** How long answers under way may take once the recorder is told to stop. */
const farewell_ms = 500;

/** Runs until SIGTERM or SIGINT. Whatever keeps it from starting is one line, and exit code 1. */
export function runRecorder(version: string, model: Model): void {
  const flags = readFlags();
  const opened = openDatabase(flags.data, model);
  if (opened.kind === 'refused') fail(opened.reason);
  const { database } = opened;
  const server = recorderServer({ version, model, database });

  server.once('error', (error) => {
    const taken = 'code' in error && error.code === 'EADDRINUSE';
    fail(taken ? `port ${flags.port} is taken: stop what listens there, or choose another --port` : error.message);
  });
  server.listen(flags.port, '127.0.0.1', () => {
    console.log(`recorder ${version} listens on http://127.0.0.1:${flags.port}`);
  });

  const stop = (): void => {
    server.close(() => database.close());
    setTimeout(() => server.closeAllConnections(), farewell_ms).unref();
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

function readFlags(): { readonly port: number; readonly data: string } {
  const usage = 'usage: node server.mjs --port NUMBER --data FOLDER';
  const { values } = parseArgs({ options: { port: { type: 'string' }, data: { type: 'string' } }, strict: false });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535 || typeof values.data !== 'string') fail(usage);
  return { port, data: values.data };
}

function fail(reason: string): never {
  console.error(`recorder: ${reason}`);
  process.exit(1);
}
