import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anything,
  boolean,
  InvalidInput,
  integer,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  parseJson,
  parseWith,
  refine,
  table,
  text,
  variants,
  withDefault,
} from './parse.ts';

const person = object({
  name: text({ pattern: /^[a-z]+$/, is: 'a name in lower case', length_max: 10 }),
  age: integer({ min: 0, max: 150 }),
  nickname: optional(text()),
  tags: withDefault(list(oneOf('tall', 'old'), { max: 2 }), []),
  home: nullable(object({ street: text() })),
});
const ada = { name: 'ada', age: 36, home: { street: 'Dorset' } };

function problemOf(value: unknown): string {
  try {
    parseWith(person, value, 'person');
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  return 'none';
}

describe('an object', () => {
  test('that fits is returned with its defaults and without its absent optional fields', () => {
    expect(parseWith(person, ada, 'person')).toStrictEqual({ ...ada, tags: [] });
  });

  test('with a field that is missing is refused with the path of the field', () => {
    expect(problemOf({ age: 1, home: null })).toBe('name: is missing');
    expect(problemOf({ ...ada, home: {} })).toBe('home.street: is missing');
  });

  test('with an unknown field is refused with the path of the field and the name that is near', () => {
    expect(problemOf({ ...ada, nickame: 'x' })).toBe('nickame: is not known; did you mean "nickname"?');
    expect(problemOf({ ...ada, home: { street: 'x', zip: 1 } })).toBe('home.zip: is not known; known here: street');
  });

  test.each([
    ['nmae', 'name'],
    ['nam', 'name'],
    ['agge', 'age'],
    ['nicname', 'nickname'],
    ['nickn', undefined],
    ['xy', undefined],
  ])('takes the unknown field %j for a slip of %j', (field, meant) => {
    const problem = problemOf({ ...ada, [field]: 1 });
    expect(/did you mean "(.*)"/.exec(problem)?.[1]).toBe(meant);
  });

  test('whose field has a name as long as a book, or of more than a line, is refused in one short line', () => {
    expect(problemOf({ ...ada, ['x'.repeat(9_000)]: 1 })).toMatch(/^x{77}\.{3}: is not known; known here: name, age/);
    expect(problemOf({ ...ada, 'a\n\u001b[2J': 1 })).toMatch(/^a\\u\{a\}\\u\{1b\}\[2J: is not known/);
    expect(problemOf({ ...ada, name: 'a\u007f\u2028' })).toBe(
      'name: must be a name in lower case, got "a\\u{7f}\\u{2028}"',
    );
  });

  test.each([70, 20_000])('that is %i levels deep is refused, and so is anything else', (depth) => {
    const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    for (const json of [deep, `{"name":${deep}}`, `{"nmae":${deep}}`]) {
      expect(() => parseJson(person, json, 'person')).toThrow('person: is more than 64 levels deep');
      expect(() => parseJson(anything, json, 'person')).toThrow(InvalidInput);
      expect(() => parseWith(person, JSON.parse(json), 'person')).toThrow(InvalidInput);
    }
  });

  test('cannot smuggle in a prototype', () => {
    expect(() => parseJson(person, '{"__proto__":{"name":"ada"},"age":1,"home":null}', 'person')).toThrow('__proto__');
    expect(problemOf(Object.create(ada))).toBe('name: is missing');
  });

  test.each([null, [], 'text', 1, undefined])('is not %j', (value) => {
    expect(problemOf(value)).toMatch(/^person: must be an object, got /);
  });
});

describe('a field', () => {
  test('that says -0 says 0', () => {
    expect(Object.is(parseJson(integer({ min: 0 }), '-0', 'age'), 0)).toBe(true);
    expect(Object.is(parseJson(number({ min: -1, max: 1 }), '-0.0', 'age'), 0)).toBe(true);
  });

  test.each([
    [{ ...ada, name: 'Ada' }, 'name: must be a name in lower case, got "Ada"'],
    [{ ...ada, name: 'a'.repeat(11) }, 'name: must be at most 10 characters long'],
    [{ ...ada, age: 36.5 }, 'age: must be a whole number from 0 to 150, got 36.5'],
    [{ ...ada, age: '36' }, 'age: must be a whole number from 0 to 150, got "36"'],
    [{ ...ada, age: 151 }, 'age: must be a whole number from 0 to 150, got 151'],
    [{ ...ada, tags: 'tall' }, 'tags: must be a list, got "tall"'],
    [{ ...ada, tags: ['tall', 'thin'] }, 'tags[1]: must be one of tall, old, got "thin"'],
    [{ ...ada, tags: ['old', 'old', 'old'] }, 'tags: must have from 0 to 2 entries, got 3'],
    [{ ...ada, nickname: undefined }, 'nickname: must be text, got nothing'],
    [{ ...ada, home: 'x'.repeat(100) }, `home: must be an object, got "${'x'.repeat(56)}...`],
  ])('that does not fit is named (%#)', (value, problem) => {
    expect(problemOf(value)).toBe(problem);
  });

  test('may be as large and as small as its bounds', () => {
    const [least, most] = [
      { ...ada, name: 'a', age: 0, tags: [] },
      { ...ada, name: 'a'.repeat(10), age: 150, tags: ['old', 'old'] },
    ];
    expect(parseWith(person, least, 'person')).toEqual(least);
    expect(parseWith(person, most, 'person')).toEqual(most);
    const share = number({ min: 0, max: 1 });
    expect([share.parse(0, ''), share.parse(1, '')]).toEqual([0, 1]);
    expect(() => list(text(), { min: 1 }).parse([], 'names')).toThrow('names: must have from 1 to');
  });

  test('that is a number has bounds, and is never NaN', () => {
    const share = number({ min: 0, max: 1 });
    expect(share.parse(0.5, 'share')).toBe(0.5);
    expect(() => share.parse(Number.NaN, 'share')).toThrow(InvalidInput);
    expect(() => share.parse(1.1, 'share')).toThrow('share: must be a number from 0 to 1, got 1.1');
  });

  test('that is a boolean is not a word', () => {
    expect(boolean.parse(false, 'flag')).toBe(false);
    expect(() => boolean.parse('false', 'flag')).toThrow('flag: must be true or false, got "false"');
  });

  test('that may be null says so', () => {
    expect(() => oneOf(1, null).parse(2, 'choice')).toThrow('choice: must be one of 1, null, got 2');
  });
});

describe('a table', () => {
  const ages = table(text({ pattern: /^[a-z_]+$/, is: 'a name' }), integer({ min: 0 }));

  test('checks its keys and its entries, and names both by their path', () => {
    expect(parseWith(ages, { ada: 36 }, 'ages')).toEqual({ ada: 36 });
    expect(() => ages.parse({ Ada: 36 }, 'ages')).toThrow('ages.Ada: must be a name, got "Ada"');
    expect(() => ages.parse({ ada: '36' }, 'ages')).toThrow('ages.ada: must be a whole number');
  });

  test('keeps a key __proto__ as a plain entry', () => {
    const parsed = parseJson(ages, '{"__proto__":1}', 'ages');
    expect(Object.keys(parsed)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
  });
});

describe('a union', () => {
  const shape = variants({ circle: { radius: number({ min: 0, max: 9 }) }, point: {} });

  test('is told apart by its kind', () => {
    expect(shape.parse({ kind: 'circle', radius: 2 }, '')).toEqual({ kind: 'circle', radius: 2 });
    expect(shape.parse({ kind: 'point' }, '')).toEqual({ kind: 'point' });
  });

  test('refuses an unknown kind and the fields of another kind', () => {
    expect(() => shape.parse({ kind: 'square' }, 'shape')).toThrow(
      'shape.kind: must be one of circle, point, got "square"',
    );
    expect(() => shape.parse({}, 'shape')).toThrow('shape.kind: must be one of circle, point, got nothing');
    expect(() => shape.parse({ kind: 'constructor' }, 'shape')).toThrow('shape.kind: must be one of');
    expect(() => shape.parse({ kind: 'point', radius: 1 }, 'shape')).toThrow('shape.radius: is not known');
  });
});

test('text that is not JSON is refused by name, and the cause is kept', () => {
  const error: unknown = (() => {
    try {
      return parseJson(person, '{', 'person');
    } catch (error) {
      return error;
    }
  })();
  expect(error).toMatchObject({ message: 'person: is not JSON', path: 'person' });
  expect(error).toHaveProperty('cause', expect.any(SyntaxError));
});

test('a refined parser converts what the first one accepted', () => {
  const length = refine(text(), (value) => value.length);
  expect(length.parse('four', '')).toBe(4);
  expect(() => length.parse(4, 'word')).toThrow('word: must be text, got 4');
});

test('the schema says what the parser accepts', () => {
  expect(person.schema).toEqual({
    type: 'object',
    properties: {
      name: { type: 'string', maxLength: 10, pattern: '^[a-z]+$' },
      age: { type: 'integer', minimum: 0, maximum: 150 },
      nickname: { type: 'string', maxLength: 4096 },
      tags: { type: 'array', items: { enum: ['tall', 'old'] }, minItems: 0, maxItems: 2, default: [] },
      home: {
        anyOf: [
          {
            type: 'object',
            properties: { street: { type: 'string', maxLength: 4096 } },
            required: ['street'],
            additionalProperties: false,
          },
          { type: 'null' },
        ],
      },
    },
    required: ['name', 'age', 'home'],
    additionalProperties: false,
  });
});

test('any JSON at all is either accepted or refused with InvalidInput', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(problemOf(value)).not.toBe('');
    }),
  );
});
