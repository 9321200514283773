/** A vendor, a repository behind a real web server, and a device with real processes, databases and files. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '@kedge/agent/config';
import type { AgentEvent, Device } from '@kedge/agent/device';
import { createEventFeed, type EventFeed } from '@kedge/agent/event-feed';
import { openDevice } from '@kedge/agent/open-device';
import { type Base, localPorts, realBase } from '@kedge/agent/os/local-ports';
import { build } from '@kedge/publish/build';
import { readKeyring } from '@kedge/publish/keyring';
import { initRepository } from '@kedge/publish/keys';
import { publish } from '@kedge/publish/publish';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import { type TinyRelease, writeTinyRelease } from './tiny-app.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

export type World = {
  readonly folder: string;
  readonly repository: string;
  readonly device_folder: string;
  readonly url: string;
  readonly port: number;
  publish(release: TinyRelease): Promise<void>;
  /** Undefined: the repository's files. */
  answerWith(answer: Answer | undefined): void;
  /** The repository's files, for an answer that changes only some. */
  serve: Answer;
  bytesOf(path: string): Buffer;
  /** Starts the device as after a boot. Ports that are given stand in for the real ones. */
  boot(base?: Partial<Base>, config?: string, sources?: readonly string[]): Promise<Booted>;
  /** What the app answers: its version and its rows. */
  ask(path?: string, method?: string): Promise<AppAnswer>;
  /** Asks until the app of that version has started, 5 s at most. */
  askUntil(version: string): Promise<AppAnswer>;
  close(): Promise<void>;
};

export type AppAnswer = { readonly version: string; readonly rows: readonly { readonly text: string }[] };

export type Booted = {
  readonly device: Device;
  readonly events: readonly AgentEvent[];
  readonly feed: EventFeed;
  /** The journal's states and the reports, in order. */
  trace(): readonly string[];
  /** As a power cut does to processes: at once, without a word. */
  cutPower(): Promise<void>;
};

const ports = { disk: nodeDisk, clock: systemClock, random: systemRandom, sha256 };

export async function createWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-world-'));
  const [repository, keys, device_folder] = [join(folder, 'repository'), join(folder, 'keys'), join(folder, 'device')];
  mkdirSync(device_folder);
  await initRepository(ports, { folder: keys, passphrase: undefined }, repository);
  let answer: Answer | undefined;
  const server = createServer((request, response) => (answer ?? serveFiles(repository))(request, response));
  const url = `http://127.0.0.1:${await listen(server)}`;
  const port = await freePort();
  const booted: Booted[] = [];

  return {
    folder,
    repository,
    device_folder,
    url,
    port,
    async publish(release) {
      const source = join(folder, `source-${release.version}`);
      writeTinyRelease(source, release);
      await build(ports, join(source, 'release.json'), join(source, 'out'));
      const keyring = await readKeyring(nodeDisk, { folder: keys, passphrase: undefined });
      await publish(ports, keyring, repository, join(source, 'out'));
    },
    answerWith(next) {
      answer = next;
    },
    serve: serveFiles(repository),
    bytesOf: (path) => readFileSync(join(repository, path)),
    async boot(base = {}, config = '', sources = [url]) {
      const one = await boot(device_folder, { ...realBase(), ...base }, configOf(sources, repository, port, config));
      booted.push(one);
      return one;
    },
    ask: (path = '', method = 'GET') => askApp(port, path, method),
    async askUntil(version) {
      const deadline_ms = systemClock.monotonic_ms() + 5_000;
      for (;;) {
        const answer = await askApp(port, '', 'GET').catch((error: unknown) => {
          if (systemClock.monotonic_ms() > deadline_ms) throw error;
          return undefined;
        });
        if (answer?.version === version || systemClock.monotonic_ms() > deadline_ms)
          return answer ?? askApp(port, '', 'GET');
        await systemClock.sleep(10);
      }
    },
    async close() {
      for (const { cutPower } of booted) await cutPower();
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function boot(folder: string, base: Base, yaml: string): Promise<Booted> {
  const events: AgentEvent[] = [];
  const feed = createEventFeed();
  const emit = (event: AgentEvent): void => {
    events.push(event);
    feed.emit(event);
  };
  const off = new AbortController();
  const config = parseConfig(yaml, `${folder}/kedge.yaml`);
  const families: Parameters<Base['processes']['signal']>[0][] = [];
  const processes: Base['processes'] = {
    ...base.processes,
    async spawn(program) {
      if (off.signal.aborted) throw new Error('the power is off');
      const child = await base.processes.spawn(program);
      families.push({ leader: child.identity, mark: program.mark });
      return child;
    },
  };
  const real = localPorts(config, () => {}, { ...base, processes }, off.signal);
  const device = await openDevice({ config, ports: real, emit, signal: off.signal });
  return {
    device,
    events,
    feed,
    trace: () =>
      events.flatMap((event) => {
        if (event.kind === 'state') return [event.state];
        return event.kind === 'report' ? [`report ${event.report.kind}`] : [];
      }),
    async cutPower() {
      off.abort(new Error('the power is off'));
      for (const family of families) {
        base.processes.signal(family, 'SIGKILL');
        while (base.processes.left(family).length > 0) await systemClock.sleep(5);
      }
      await device.log.close();
    },
  };
}

async function askApp(port: number, path: string, method: string): Promise<AppAnswer> {
  const response = await fetch(`http://127.0.0.1:${port}/${path}`, { method });
  const answer: unknown = await response.json();
  if (!isAnswer(answer)) throw new Error('the app answered something else');
  return answer;
}

function configOf(sources: readonly string[], repository: string, port: number, more: string): string {
  return `
product: tiny
repository: ${JSON.stringify(sources)}
root: ${repository}/metadata/1.root.json
folder: .
variables: { port: '${port}' }
${more}`;
}

function serveFiles(repository: string): Answer {
  return (request, response) => {
    try {
      const bytes = readFileSync(join(repository, new URL(request.url ?? '/', 'http://any').pathname));
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (start === 0) response.writeHead(200).end(bytes);
      else {
        const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
        response.writeHead(206, { 'content-range': range }).end(bytes.subarray(start));
      }
    } catch {
      response.writeHead(404).end();
    }
  };
}

function isAnswer(value: unknown): value is AppAnswer {
  return typeof value === 'object' && value !== null && 'version' in value && 'rows' in value;
}

async function freePort(): Promise<number> {
  const server = createSocket();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  return port;
}

export function listen(server: ReturnType<typeof createSocket>): Promise<number> {
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => done(portOf(server)));
  });
}

function portOf(server: ReturnType<typeof createSocket>): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
