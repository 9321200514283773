/**
 * Parsers that turn unknown input into a type that cannot be wrong afterwards.
 *
 * Each parser also carries the JSON Schema of what it accepts, so that the schema which editors use and the check which
 * the agent runs are one thing. This is the only file where a value is cast.
 */

import { printable } from './printable.ts';

export type JsonSchema = { readonly [key: string]: unknown };

export type Parser<T> = {
  readonly schema: JsonSchema;
  /** @throws InvalidInput with the path of the field that is wrong */
  parse(value: unknown, path: string): T;
};

export type Infer<P> = P extends Parser<infer T> ? T : never;

/** Input that does not fit. The message is a line that begins with the path of the field and says what is accepted there. */
export class InvalidInput extends Error {
  readonly path: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(
      `${printable(path === '' ? 'input' : path, path_length_max)}: ${printable(problem, problem_length_max)}`,
      options,
    );
    this.name = 'InvalidInput';
    this.path = path;
  }
}

/** Cut apart, so that what is wrong is still there where the path is long. */
const path_length_max = 300;
const problem_length_max = 600;

/** No document of ours is half as deep. Far deeper ones cannot even be written again. */
const depth_max = 64;

/** @param what a word for the whole input, used where the top level itself is wrong */
export function parseWith<T>(parser: Parser<T>, value: unknown, what: string): T {
  try {
    return parser.parse(value, '');
  } catch (error) {
    if (error instanceof InvalidInput && error.path === '') {
      throw new InvalidInput(what, error.message.replace(/^input: /, ''), { cause: error });
    }
    throw error;
  }
}

/** @throws InvalidInput when the text is not JSON or does not fit */
export function parseJson<T>(parser: Parser<T>, text: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(what, 'is not JSON', { cause: error });
  }
  if (isDeeperThan(depth_max, value)) throw new InvalidInput(what, `is more than ${depth_max} levels deep`);
  return parseWith(parser, value, what);
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(levels - 1, part));
}

/** For a part that another parser looks at later. */
export const anything: Parser<unknown> = { schema: {}, parse: (value) => value };

export function text(
  limits: { readonly pattern?: RegExp; readonly is?: string; readonly length_max?: number } = {},
): Parser<string> {
  const { pattern, is = 'text', length_max = 4096 } = limits;
  return {
    schema: { type: 'string', maxLength: length_max, ...(pattern ? { pattern: pattern.source } : {}) },
    parse(value, path) {
      if (typeof value !== 'string') throw new InvalidInput(path, `must be ${is}, got ${show(value)}`);
      if (value.length > length_max) throw new InvalidInput(path, `must be at most ${length_max} characters long`);
      if (pattern && !pattern.test(value)) throw new InvalidInput(path, `must be ${is}, got ${show(value)}`);
      return value;
    },
  };
}

export function number(limits: { readonly min: number; readonly max: number }): Parser<number> {
  return {
    schema: { type: 'number', minimum: limits.min, maximum: limits.max },
    parse(value, path) {
      if (typeof value === 'number' && value >= limits.min && value <= limits.max) return withoutSign(value);
      throw new InvalidInput(path, `must be a number from ${limits.min} to ${limits.max}, got ${show(value)}`);
    },
  };
}

export function integer(limits: { readonly min: number; readonly max?: number }): Parser<number> {
  const { min, max = Number.MAX_SAFE_INTEGER } = limits;
  return {
    schema: { type: 'integer', minimum: min, maximum: max },
    parse(value, path) {
      if (Number.isSafeInteger(value) && typeof value === 'number' && value >= min && value <= max)
        return withoutSign(value);
      throw new InvalidInput(path, `must be a whole number from ${min} to ${max}, got ${show(value)}`);
    },
  };
}

/** JSON can say -0, and cannot write it again. */
function withoutSign(value: number): number {
  return value === 0 ? 0 : value;
}

export const boolean: Parser<boolean> = {
  schema: { type: 'boolean' },
  parse(value, path) {
    if (typeof value === 'boolean') return value;
    throw new InvalidInput(path, `must be true or false, got ${show(value)}`);
  },
};

export function oneOf<const T extends string | number | null>(...choices: readonly T[]): Parser<T> {
  return {
    schema: { enum: choices },
    parse(value, path) {
      const found = choices.find((choice) => choice === value);
      if (found !== undefined) return found;
      throw new InvalidInput(path, `must be one of ${choices.map(String).join(', ')}, got ${show(value)}`);
    },
  };
}

export function nullable<T>(parser: Parser<T>): Parser<T | null> {
  return {
    schema: { anyOf: [parser.schema, { type: 'null' }] },
    parse: (value, path) => (value === null ? null : parser.parse(value, path)),
  };
}

export function list<T>(
  item: Parser<T>,
  limits: { readonly min?: number; readonly max?: number } = {},
): Parser<readonly T[]> {
  const { min = 0, max = 10_000 } = limits;
  return {
    schema: { type: 'array', items: item.schema, minItems: min, maxItems: max },
    parse(value, path) {
      if (!Array.isArray(value)) throw new InvalidInput(path, `must be a list, got ${show(value)}`);
      if (value.length < min || value.length > max) {
        throw new InvalidInput(path, `must have from ${min} to ${max} entries, got ${value.length}`);
      }
      return value.map((entry: unknown, index) => item.parse(entry, `${path}[${index}]`));
    },
  };
}

/** A table with keys that the input chooses. */
export function table<T>(key: Parser<string>, item: Parser<T>): Parser<{ readonly [key: string]: T }> {
  return {
    schema: { type: 'object', propertyNames: key.schema, additionalProperties: item.schema },
    parse(value, path) {
      const entries = Object.entries(asObject(value, path)).map(
        ([name, entry]) => [key.parse(name, at(path, name)), item.parse(entry, at(path, name))] as const,
      );
      return Object.fromEntries(entries);
    },
  };
}

type Optional<T> = Parser<T> & { readonly optional: true };
type Defaulted<T> = Parser<T> & { readonly default: T };

/** A field that may be absent, and is then absent in the result as well. */
export const optional = <T>(parser: Parser<T>): Optional<T> => ({ ...parser, optional: true });

/** A field that may be absent, and then has this value. */
export const withDefault = <T>(parser: Parser<T>, value: NoInfer<T>): Defaulted<T> => ({
  ...parser,
  schema: { ...parser.schema, default: value },
  default: value,
});

type Fields = { readonly [name: string]: Parser<unknown> };
type Shape<F extends Fields> = Flat<
  { readonly [K in keyof F as F[K] extends Optional<unknown> ? never : K]: Infer<F[K]> } & {
    readonly [K in keyof F as F[K] extends Optional<unknown> ? K : never]?: Infer<F[K]>;
  }
>;
type Flat<T> = { [K in keyof T]: T[K] };

/** An object with exactly these fields: an unknown one is refused, with the name it may have been meant to be. */
export function object<F extends Fields>(fields: F): Parser<Shape<F>> {
  const names = Object.keys(fields);
  const required = names.filter((name) => !mayBeAbsent(fields[name]));
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, fields[name]?.schema])),
      required,
      additionalProperties: false,
    },
    parse(value, path) {
      const input = asObject(value, path);
      for (const name of Object.keys(input)) {
        if (!Object.hasOwn(fields, name)) throw new InvalidInput(at(path, name), unknownField(name, names));
      }
      const result: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(fields)) {
        if (Object.hasOwn(input, name)) result[name] = field.parse(input[name], at(path, name));
        else if ('default' in field) result[name] = field.default;
        else if (!mayBeAbsent(field)) throw new InvalidInput(at(path, name), 'is missing');
      }
      return result as Shape<F>;
    },
  };
}

type Variants = { readonly [kind: string]: Fields };
type VariantShape<V extends Variants> = { [K in keyof V & string]: Flat<{ readonly kind: K } & Shape<V[K]>> }[keyof V &
  string];

/** A union whose members are told apart by their field `kind`. */
export function variants<V extends Variants>(members: V): Parser<VariantShape<V>> {
  const kinds = Object.keys(members);
  const parsers = new Map(kinds.map((kind) => [kind, object({ kind: oneOf(kind), ...members[kind] })]));
  return {
    schema: { oneOf: [...parsers.values()].map((parser) => parser.schema) },
    parse(value, path) {
      const kind = asObject(value, path)['kind'];
      const parser = typeof kind === 'string' ? parsers.get(kind) : undefined;
      if (!parser) {
        throw new InvalidInput(at(path, 'kind'), `must be one of ${kinds.join(', ')}, got ${show(kind)}`);
      }
      return parser.parse(value, path) as VariantShape<V>;
    },
  };
}

/** A parser that turns what another accepted into something better, or refuses it with what `convert` throws. */
export function refine<A, B>(parser: Parser<A>, convert: (value: A, path: string) => B): Parser<B> {
  return { schema: parser.schema, parse: (value, path) => convert(parser.parse(value, path), path) };
}

/** Whether the parser takes the value. */
export function accepts(parser: Parser<unknown>, value: unknown): boolean {
  try {
    parser.parse(value, '');
    return true;
  } catch (error) {
    if (error instanceof InvalidInput) return false;
    throw error;
  }
}

function mayBeAbsent(field: Parser<unknown> | undefined): boolean {
  return field !== undefined && ('optional' in field || 'default' in field);
}

function asObject(value: unknown, path: string): { readonly [key: string]: unknown } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as { [key: string]: unknown };
  throw new InvalidInput(path, `must be an object, got ${show(value)}`);
}

function at(path: string, name: string): string {
  const shown = printable(name, name_length_max);
  return path === '' ? shown : `${path}.${shown}`;
}

const name_length_max = 80;

function unknownField(name: string, known: readonly string[]): string {
  const near = known.find((candidate) => isNear(candidate, name));
  return near ? `is not known; did you mean "${near}"?` : `is not known; known here: ${known.join(', ')}`;
}

/** Same letters, or at most two edits apart at one place: what a slip of the fingers gives. */
function isNear(a: string, b: string): boolean {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail += 1;
  return Math.max(a.length, b.length) - head - tail <= 2 && head + tail > 0;
}

const shown_length_max = 60;

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? '[]' : 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const json = JSON.stringify(typeof value === 'string' ? value.slice(0, shown_length_max) : value) ?? typeof value;
  return json.length > shown_length_max ? `${json.slice(0, shown_length_max - 3)}...` : json;
}
