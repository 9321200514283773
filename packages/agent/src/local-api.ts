/** What a person's command may ask of the agent on the same device: the routes and what each one takes. */

import { channels } from '@kedge/core/channel';
import {
  boolean,
  type Infer,
  InvalidInput,
  integer,
  nullable,
  object,
  oneOf,
  optional,
  type Parser,
  parseJson,
  text,
  withDefault,
} from '@kedge/core/parse';
import { versionText } from '@kedge/core/version';
import { isOutOfSpace, sentenceOf } from './failure.ts';

type Route<B> = { readonly method: 'GET' | 'POST'; readonly body: Parser<B> };

const nothing = object({});
const postponed_max_ms = 90 * 24 * 3_600_000;

/** Each at `/<name>`. `GET /events` stands beside them: it has no one answer. */
export const routes = {
  status: { method: 'GET', body: nothing },
  explain: { method: 'GET', body: nothing },
  history: { method: 'GET', body: nothing },
  /** With a version: that one now, without approval and whatever the hour. */
  check: { method: 'POST', body: object({ version: optional(versionText) }) },
  /** Absent: whatever waits to be approved. */
  approve: { method: 'POST', body: object({ version: optional(versionText) }) },
  postpone: { method: 'POST', body: object({ for_ms: integer({ min: 1, max: postponed_max_ms }) }) },
  rollback: { method: 'POST', body: object({ lose_writes: withDefault(boolean, false) }) },
  /** Null: the configured one again. */
  channel: { method: 'POST', body: object({ channel: nullable(oneOf(...channels)) }) },
} as const satisfies { readonly [name: string]: Route<unknown> };

export type RouteName = keyof typeof routes;
export type RouteBody<R extends RouteName> = Infer<(typeof routes)[R]['body']>;

/** Answers are JSON. A handler throws `Refused` for what it cannot do now. */
export type RouteHandlers = { readonly [R in RouteName]: (body: RouteBody<R>) => Promise<unknown> };
export type Handlers = RouteHandlers & {
  /** Ends at the latest when the signal is aborted: the listener has gone. */
  readonly events: (signal: AbortSignal) => AsyncIterable<unknown>;
};

type Bound = { readonly [R in RouteName]: (body: string) => Promise<unknown> };

/** The handlers with their bodies' parsers in front; an empty body is `{}`. They reject with InvalidInput. */
export function bindRoutes(handlers: Handlers): Bound {
  return {
    status: bind(routes.status, handlers.status),
    explain: bind(routes.explain, handlers.explain),
    history: bind(routes.history, handlers.history),
    check: bind(routes.check, handlers.check),
    approve: bind(routes.approve, handlers.approve),
    postpone: bind(routes.postpone, handlers.postpone),
    rollback: bind(routes.rollback, handlers.rollback),
    channel: bind(routes.channel, handlers.channel),
  };
}

function bind<B>(route: Route<B>, handle: (body: B) => Promise<unknown>): (body: string) => Promise<unknown> {
  return async (body) => handle(parseJson(route.body, body === '' ? '{}' : body, 'request body'));
}

export function isRouteName(name: string): name is RouteName {
  return Object.hasOwn(routes, name);
}

/** Understood, but it cannot be done now. The message says why and what to try. */
export class Refused extends Error {
  /** Of the command that asked. */
  readonly exit_code: number;

  constructor(message: string, exit_code: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Refused';
    this.exit_code = exit_code;
  }
}

const message_length_max = 4096;

export const errorBody = object({
  error: text({ length_max: message_length_max }),
  exit_code: integer({ min: 1, max: 255 }),
});
export type ErrorBody = Infer<typeof errorBody>;

/** What is answered instead of a result. */
export function errorAnswer(error: unknown): { readonly status: number; readonly body: ErrorBody } {
  const message = sentenceOf(error).slice(0, message_length_max);
  if (error instanceof Refused) return { status: 409, body: { error: message, exit_code: error.exit_code } };
  if (error instanceof InvalidInput) return { status: 400, body: { error: message, exit_code: 2 } };
  return { status: 500, body: { error: message, exit_code: isOutOfSpace(error) ? 6 : 1 } };
}
