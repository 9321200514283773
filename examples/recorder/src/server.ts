import { readFile } from 'node:fs/promises';
import type { IncomingMessage, Server } from 'node:http';
import { extname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { databaseProblem, runningCount } from './database.ts';
import type { GraphqlApi, GraphqlRequest } from './graphql.ts';
import type { Model } from './model.ts';

// An `import` of node:http reads all its exports, and one of them, WebSocket, loads all of undici: 30 ms at every start.
const { createServer } = process.getBuiltinModule('node:http');

type Recorder = { readonly version: string; readonly model: Model; readonly database: DatabaseSync };
type Answer = { readonly status: number; readonly type: string; readonly body: string | Uint8Array };
type Route = (request: IncomingMessage) => Answer | Promise<Answer>;

export function recorderServer(recorder: Recorder): Server {
  const routes = recorderRoutes(recorder);
  return createServer((request, response) => {
    answer(routes, request)
      .catch((error: unknown) => json(500, { error: error instanceof Error ? error.message : String(error) }))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
      })
      .catch((error: Error) => response.destroy(error));
  });
}

async function answer(routes: ReadonlyMap<string, Route>, request: IncomingMessage): Promise<Answer> {
  const { pathname } = new URL(request.url ?? '/', 'http://recorder');
  const asset = /^\/(assets\/[a-z0-9-]+\.(?:css|js))$/.exec(pathname)?.[1];
  if (request.method === 'GET' && asset !== undefined) return frontendFile(asset);
  const route = routes.get(`${request.method} ${pathname}`);
  return route ? route(request) : json(404, { error: `there is no ${request.method} ${pathname}` });
}

function recorderRoutes({ version, model, database }: Recorder): ReadonlyMap<string, Route> {
  let api: Promise<GraphqlApi> | undefined;
  const startApi = async (): Promise<GraphqlApi> => (await import('./graphql.ts')).graphqlApi(database, model);
  return new Map<string, Route>([
    ['GET /', () => frontendFile('index.html')],
    ['GET /version', () => json(200, { version })],
    [
      'GET /health',
      () => {
        const problem = databaseProblem(database, model);
        return problem === undefined
          ? json(200, { status: 'ok', version })
          : json(503, { status: 'failing', version, problem });
      },
    ],
    [
      'GET /busy',
      () => {
        const running = runningCount(database);
        return json(running === 0 ? 200 : 409, { running });
      },
    ],
    [
      'POST /graphql',
      async (request) => {
        const question = await graphqlRequest(request);
        if (question === undefined) return json(400, { error: 'send {"query": "..."} as application/json' });
        api ??= startApi();
        return json(200, await (await api)(question));
      },
    ],
  ]);
}

const body_bytes_max = 65_536;

/** A JSON content type is asked for, so that no other web page can post here through the user's browser. */
async function graphqlRequest(request: IncomingMessage): Promise<GraphqlRequest | undefined> {
  if (!request.headers['content-type']?.startsWith('application/json')) return undefined;
  const chunks: Uint8Array[] = [];
  let length_bytes = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) return undefined;
    length_bytes += chunk.length;
    if (length_bytes > body_bytes_max) return undefined;
    chunks.push(chunk);
  }
  const body = parseJson(Buffer.concat(chunks).toString());
  if (!isRecord(body) || typeof body['query'] !== 'string') return undefined;
  return { source: body['query'], variableValues: isRecord(body['variables']) ? body['variables'] : {} };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const types: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

async function frontendFile(path: string): Promise<Answer> {
  const type = types[extname(path)] ?? 'application/octet-stream';
  try {
    return { status: 200, type, body: await readFile(join(import.meta.dirname, 'frontend', path)) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return json(404, { error: `there is no ${path}` });
    }
    throw error;
  }
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}
