import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, watch, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { check } from '@kedge/core/manifest';
import { parseWith } from '@kedge/core/parse';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CheckResult } from '../../ports.ts';
import { sampleRelease } from '../../service/sample-release.ts';
import { processListing } from '../processes-listing.ts';
import { type LocalChecksOptions, localChecks } from './run-check.ts';

let root: string;
let closing: (() => Promise<unknown>)[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kedge-checks-'));
  for (const name of ['data', 'release']) await mkdir(join(root, name));
  closing = [];
});

afterEach(async () => {
  for (const close of closing) await close();
  await rm(root, { recursive: true });
});

async function run(fields: object, over: Partial<LocalChecksOptions> = {}, signal?: AbortSignal): Promise<CheckResult> {
  const checks = localChecks({
    data_folder: join(root, 'data'),
    variables: { word: 'healthy' },
    agent_environment: { PATH: process.env['PATH'] },
    ...over,
  });
  const release = sampleRelease(join(root, 'release'), {
    run: { command: ['app'], environment: { GREETING: 'hello' } },
  });
  const asked = parseWith(check, { name: 'it', ...fields }, 'check');
  return checks.run(asked, release, signal ?? new AbortController().signal);
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => once(server.close(), 'close'));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function web(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  closing.push(() => Promise.resolve(server.closeAllConnections()));
  return `http://127.0.0.1:${await portOf(server)}`;
}

/** Where nobody listens, at least not for now. */
async function closedPort(): Promise<number> {
  const server = createTcpServer();
  const port = await portOf(server);
  closing.pop();
  await once(server.close(), 'close');
  return port;
}

const passed = { kind: 'passed' };
const failed = (detail: string) => ({ kind: 'failed', detail });

describe('an http check', () => {
  test('wants its status and its text', async () => {
    const url = await web((request, response) => {
      response.statusCode = request.url === '/busy' ? 503 : 200;
      response.end('all healthy');
    });
    expect(await run({ kind: 'http', url })).toEqual(passed);
    expect(await run({ kind: 'http', url, contains: 'all ${word}' })).toEqual(passed);
    expect(await run({ kind: 'http', url, contains: 'sick' })).toEqual(
      failed(`GET ${url} answered 200, but without "sick"`),
    );
    expect(await run({ kind: 'http', url: `${url}/busy` })).toEqual(
      failed(`GET ${url}/busy answered 503, expected 200`),
    );
    expect(await run({ kind: 'http', url: `${url}/busy`, status: 503 })).toEqual(passed);
  });

  test('does not follow a redirect', async () => {
    const url = await web((request, response) => {
      response.writeHead(request.url === '/' ? 302 : 200, { location: '/elsewhere' }).end();
    });
    expect(await run({ kind: 'http', url })).toEqual(failed(`GET ${url} answered 302, expected 200`));
  });

  test('says why there was no answer', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    expect(await run({ kind: 'http', url })).toEqual(
      failed(`GET ${url} failed: connect ECONNREFUSED ${url.slice('http://'.length)}`),
    );
    expect(await run({ kind: 'http', url: 'ftp://host/' })).toEqual(
      failed('GET ftp://host/ failed: "ftp://host/" must begin with http:// or https://'),
    );
    expect(await run({ kind: 'http', url: 'http://${nobody}/' })).toMatchObject({
      detail: expect.stringContaining('${nobody} in "http://${nobody}/" is not known on this device'),
    });
  });

  test('ends when its time is over, or when it is given up, even in the middle of a body', async () => {
    const stop = new AbortController();
    const url = await web((request, response) => {
      response.write('it begins');
      if (request.url === '/stop') stop.abort();
    });
    expect(await run({ kind: 'http', url, contains: 'it ends', timeout_ms: 50 })).toEqual(
      failed(`GET ${url} took longer than 50 ms`),
    );
    expect(await run({ kind: 'http', url: `${url}/stop`, contains: 'it ends' }, {}, stop.signal)).toEqual(
      failed(`GET ${url}/stop had not answered when it was given up`),
    );
  });

  test('reads no more than a megabyte', async () => {
    const url = await web((_, response) => response.end(`${'x'.repeat(1_000_001)}healthy`));
    expect(await run({ kind: 'http', url, contains: 'healthy' })).toEqual(
      failed(`GET ${url} failed: the answer is longer than 1000000 bytes`),
    );
  });
});

describe('a graphql check', () => {
  test('wants data and no errors', async () => {
    let answer = '';
    const asked: string[] = [];
    const url = await web((request, response) => {
      request.on('data', (chunk) => asked.push(String(chunk)));
      request.on('end', () => response.end(answer));
    });
    const question = { kind: 'graphql', url, query: '{ ${word} }' };
    answer = '{"data":{"healthy":true},"extensions":{}}';
    expect(await run(question)).toEqual(passed);
    expect(asked).toEqual(['{"query":"{ healthy }"}']);
    answer = '{"data":{"healthy":null},"errors":[{"message":"no database"}]}';
    expect(await run(question)).toEqual(failed(`POST ${url} answered 200 with the error "no database"`));
    answer = '{"data":null}';
    expect(await run(question)).toEqual(failed(`POST ${url} answered 200 without data`));
    answer = '<html>';
    expect(await run(question)).toEqual(failed(`POST ${url} answered 200 with something that is not a GraphQL answer`));
  });
});

describe('a tcp check', () => {
  test('wants a connection', async () => {
    const open = await portOf(createTcpServer((socket) => socket.destroy()));
    expect(await run({ kind: 'tcp', address: `127.0.0.1:${open}` })).toEqual(passed);
    const closed = await closedPort();
    expect(await run({ kind: 'tcp', address: `127.0.0.1:${closed}` })).toEqual(
      failed(`tcp 127.0.0.1:${closed} failed: connect ECONNREFUSED 127.0.0.1:${closed}`),
    );
    expect(await run({ kind: 'tcp', address: 'no port' })).toEqual(
      failed('tcp no port is not host:port or [IPv6]:port'),
    );
  });
});

describe('a sqlite check', () => {
  test('wants a whole database', async () => {
    const path = join(root, 'data', 'app.db');
    expect(await run({ kind: 'sqlite', path: 'app.db' })).toEqual(failed(`database ${path} is not there`));
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE item (name TEXT)');
    database.close();
    expect(await run({ kind: 'sqlite', path: 'app.db' })).toEqual(passed);
    await writeFile(path, 'not a database, though it is as long as its header would have to be '.repeat(100));
    expect(await run({ kind: 'sqlite', path: 'app.db' })).toEqual(
      failed(`database ${path} is damaged: file is not a database`),
    );
  });
});

describe('a dns check', () => {
  test('wants a name server that knows an address', async () => {
    const server = await nameServer((name) => (name === 'known.example' ? [192, 0, 2, 1] : undefined));
    const servers = { dns_servers: [server] };
    expect(await run({ kind: 'dns', host: 'known.example' }, servers)).toEqual(passed);
    expect(await run({ kind: 'dns', host: 'unknown.example' }, servers)).toEqual(
      failed(`name unknown.example could not be resolved (ENOTFOUND) by ${server}`),
    );
  });

  test('ends when its time is over', async () => {
    const server = await nameServer(() => 'silent');
    expect(await run({ kind: 'dns', host: 'slow.example', timeout_ms: 50 }, { dns_servers: [server] })).toEqual(
      failed('name slow.example took longer than 50 ms'),
    );
  });
});

describe('an internet check', () => {
  test('takes any answer from any place', async () => {
    const url = await web((_, response) => {
      response.statusCode = 500;
      response.end();
    });
    const nobody = `http://127.0.0.1:${await closedPort()}`;
    expect(await run({ kind: 'internet', urls: [nobody, url] })).toEqual(passed);
    expect(await run({ kind: 'internet', urls: [nobody] })).toEqual(
      failed(`internet could not be reached: ${nobody} (connect ECONNREFUSED ${nobody.slice('http://'.length)})`),
    );
  });
});

async function script(text: string): Promise<object> {
  const path = join(root, 'release', 'check.sh');
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return { kind: 'command', command: ['check.sh', '${word}'] };
}

describe('a command check', () => {
  test('wants exit code 0, in the release folder, with the environment of the app', async () => {
    const right = await script('[ "$1 $GREETING $KEDGE_VERSION $PWD" = "healthy hello 1.0.0 $KEDGE_RELEASE" ]');
    expect(await run(right)).toEqual(passed);
    expect(await run(await script('echo first; echo "disk is full" >&2; exit 3'))).toEqual(
      failed('command check.sh healthy ended with exit code 3: disk is full'),
    );
    expect(await run({ kind: 'command', command: ['missing'] })).toEqual(
      failed(
        `command missing failed: cannot start "missing": there is no such file in ${join(root, 'release')} ` +
          'and no such program on the PATH',
      ),
    );
  });

  test('is ended with what it started when it is given up', async () => {
    const stop = new AbortController();
    const changes = watch(root, { signal: stop.signal });
    let change = changes.next();
    const text = `sleep 600 & echo $! > ${root}/pid.new; mv ${root}/pid.new ${root}/pid; wait`;
    const result = run(await script(text), {}, stop.signal);
    while ((await change).value?.filename !== 'pid') change = changes.next();
    stop.abort();
    expect(await result).toEqual(failed('command check.sh healthy had not answered when it was given up'));
    const pid = Number(await readFile(join(root, 'pid'), 'utf8'));
    // It has its signal; the kernel takes its time. Were it not ended, the test would run out of its own.
    while (processListing().one(pid)?.zombie === false) await new Promise((resolve) => setImmediate(resolve));
  });

  test('does not wait for what it leaves running', async () => {
    expect(await run({ ...(await script('sleep 600 & exit 0')), timeout_ms: 20_000 })).toEqual(passed);
  });
});

/** Answers A queries as RFC 1035, 4.1 has it: an address, or NXDOMAIN, or not at all. */
async function nameServer(lookUp: (name: string) => readonly number[] | 'silent' | undefined): Promise<string> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const { name, end } = questionIn(query);
    const address = lookUp(name);
    if (address === 'silent') return;
    const isAnswered = address !== undefined && query.readUInt16BE(end - 4) === 1;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(isAnswered ? 1 : 0, 6);
    header.writeUInt16BE(0, 10);
    const record = isAnswered ? Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address]) : Buffer.alloc(0);
    socket.send(Buffer.concat([header, query.subarray(12, end), record]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => once(socket.close(), 'close'));
  return `127.0.0.1:${socket.address().port}`;
}

function questionIn(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 5 };
}
