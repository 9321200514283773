/** How a command asks the agent that runs on the same device. */

import { type IncomingMessage, request } from 'node:http';
import { parseJson } from '@kedge/core/parse';
import { errorCode } from '@kedge/core/ports';
import { type ErrorBody, errorBody, type RouteBody, type RouteName, routes } from '../local-api.ts';
import { checkSocketPath } from './local-api-socket.ts';

const answer_limit_chars = 64_000_000;

type NotMet = { readonly kind: 'not_running'; readonly reason: string } | ({ readonly kind: 'refused' } & ErrorBody);

export type Answer = { readonly kind: 'answered'; readonly value: unknown } | NotMet;

/** @param path of the socket */
export async function callLocalApi<R extends RouteName>(
  path: string,
  route: R,
  body: RouteBody<R>,
  signal?: AbortSignal,
): Promise<Answer> {
  const { method } = routes[route];
  const opened = await open({ path, method, name: route, body: method === 'POST' ? JSON.stringify(body) : '', signal });
  if (opened.kind === 'not_running') return opened;
  const text = await textOf(opened.answer);
  if (opened.answer.statusCode !== 200)
    return { kind: 'refused', ...parseJson(errorBody, text, 'answer of the agent') };
  const value: unknown = JSON.parse(text);
  return { kind: 'answered', value };
}

export type Following = { readonly kind: 'following'; readonly events: AsyncIterable<unknown> } | NotMet;

/** The events end when the agent does or the signal is aborted. */
export async function followEvents(path: string, signal?: AbortSignal): Promise<Following> {
  const opened = await open({ path, method: 'GET', name: 'events', body: '', signal });
  if (opened.kind === 'not_running') return opened;
  const { answer } = opened;
  if (answer.statusCode === 200) return { kind: 'following', events: eventsIn(answer) };
  return { kind: 'refused', ...parseJson(errorBody, await textOf(answer), 'answer of the agent') };
}

type Call = {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly name: string;
  readonly body: string;
  readonly signal: AbortSignal | undefined;
};

/** An agent that runs answers these at once; the others wait for an update. */
const answer_timeout_ms = 10_000;
const prompt = new Set(['status', 'explain', 'history', 'events']);

type Opened = { readonly kind: 'open'; readonly answer: IncomingMessage } | Extract<NotMet, { kind: 'not_running' }>;

async function open({ path, method, name, body, signal }: Call): Promise<Opened> {
  checkSocketPath(path);
  const asking = request({ socketPath: path, path: `/${name}`, method, agent: false, ...(signal ? { signal } : {}) });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    asking.once('response', resolve);
    asking.once('error', reject);
  });
  if (prompt.has(name)) {
    asking.setTimeout(answer_timeout_ms, () => {
      asking.destroy(new Error(`the agent does not answer at ${path}: restart it`));
    });
    asking.once('response', () => asking.setTimeout(0));
  }
  asking.end(body);
  try {
    return { kind: 'open', answer: await answer };
  } catch (error) {
    return notRunning(path, error);
  }
}

function notRunning(path: string, error: unknown): Extract<NotMet, { kind: 'not_running' }> {
  const code = errorCode(error);
  if (code === 'ENOENT') return { kind: 'not_running', reason: `no agent runs: there is no socket ${path}` };
  if (code === 'ECONNREFUSED') return { kind: 'not_running', reason: `no agent runs: nobody answers at ${path}` };
  if (code === 'EACCES') throw new Error(`${path} is for the agent's user only; try with sudo`, { cause: error });
  throw error;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) {
    text += String(chunk);
    if (text.length > answer_limit_chars) throw new Error('the answer of the agent does not end');
  }
  return text;
}

async function* eventsIn(answer: IncomingMessage): AsyncGenerator {
  answer.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of answer) {
      const blocks = `${rest}${chunk}`.split('\n\n');
      rest = blocks.pop() ?? '';
      if (rest.length > answer_limit_chars) throw new Error('an event of the agent does not end');
      for (const block of blocks) if (block.startsWith('data: ')) yield JSON.parse(block.slice('data: '.length));
    }
  } catch (error) {
    // The agent has gone, or nobody listens any more.
    const isOver = errorCode(error) === 'ECONNRESET' || (error instanceof Error && error.name === 'AbortError');
    if (!isOver) throw error;
  }
}
