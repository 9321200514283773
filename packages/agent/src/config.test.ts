import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { anything, InvalidInput, object, optional, parseWith, table, text } from '@kedge/core/parse';
import { describe, expect, test } from 'vitest';
import { agentConfigSchema, parseConfig } from './config.ts';

const at = '/etc/kedge/kedge.yaml';
const least = "product: tiny\nrepository: ['https://updates.example.org']\nroot: root.json\nfolder: ../lib/./tiny/\n";
const project = resolve(import.meta.dirname, '../../..');

describe('a configuration', () => {
  test('has defaults for all but the product, the repository, the root and the folder', () => {
    expect(parseConfig(least, at)).toEqual({
      product: 'tiny',
      channel: 'stable',
      repository: ['https://updates.example.org'],
      root: '/etc/kedge/root.json',
      folder: '/etc/lib/tiny',
      data: '/etc/lib/tiny/data',
      hardware: [],
      variables: {},
      policy: expect.objectContaining({ windows: [], time_zone: 'UTC', check_interval_hours: 24 }),
    });
  });

  test('keeps absolute paths and takes relative ones from its own folder', () => {
    const { root, folder, data } = parseConfig(least.replace('root.json', '/r/../s') + 'data: ../../srv', at);
    expect({ root, folder, data }).toEqual({ root: '/s', folder: '/etc/lib/tiny', data: '/srv' });
  });

  test.each([
    ['an unknown key', `${least}chanel: beta`, `${at}: chanel: is not known; did you mean "channel"?`],
    [
      'an unknown key in the policy',
      `${least}policy: { window: [] }`,
      `${at}: policy.window: is not known; did you mean "windows"?`,
    ],
    ['a missing key', least.replace(/root:.*\n/, ''), `${at}: root: is missing`],
    [
      'an address of another kind',
      least.replace('https', 'ftp'),
      `${at}: repository[0]: must be an http:, https: or file: URL, got "ftp://updates.example.org"`,
    ],
    [
      'a time zone that is none',
      `${least}policy: { time_zone: Mars/Base }`,
      `${at}: policy.time_zone: must be a time zone like Europe/Berlin, got "Mars/Base"`,
    ],
    ['a list', '- product', `${at}: must be an object, got a list`],
    ['nothing', '', `${at}: must be an object, got null`],
    ['a control character', `"product\\x7f": 1`, `${at}: product\\u{7f}: is not known; did you mean "product"?`],
  ])('with %s is refused by its file and key', (_, yaml, message) => {
    expect(() => parseConfig(yaml, at)).toThrow(InvalidInput);
    expect(() => parseConfig(yaml, at)).toThrow(new InvalidInput(at, message.slice(at.length + 2)));
  });

  test.each(['product: *nowhere', `product: ${'['.repeat(20_000)}`, `product: ${'{a: '.repeat(20_000)}`])(
    'that YAML alone cannot make sense of is refused as well (%#)',
    (yaml) => {
      expect(() => parseConfig(yaml, at)).toThrow(InvalidInput);
    },
  );

  test('that is not YAML is refused in one line that says where', () => {
    expect(() => parseConfig('product: [', at)).toThrow(
      /^\/etc\/kedge\/kedge\.yaml: is not YAML: [^\n]*line \d+[^\n]*$/,
    );
  });
});

test('the schema in the repository is what the parser says; write it with node scripts/write-schema.ts', () => {
  const written: unknown = JSON.parse(readFileSync(resolve(project, 'schema/agent.schema.json'), 'utf8'));
  expect(written).toEqual(JSON.parse(JSON.stringify(agentConfigSchema)));
});

test('every key, with its default where that is one word, is in docs/configuration.md', () => {
  const rows = readFileSync(resolve(project, 'docs/configuration.md'), 'utf8').split('\n');
  const keys = keysIn(agentConfigSchema);
  expect(keys.length).toBeGreaterThan(25);
  const missing = keys.filter(
    ({ name, standard }) => !rows.some((row) => row.startsWith(`| \`${name}\` |`) && row.includes(standard)),
  );
  expect(missing).toEqual([]);
});

type Key = { readonly name: string; readonly standard: string };

const schemaParts = object({
  properties: optional(table(text(), anything)),
  items: optional(anything),
  default: optional(anything),
});
const partNames = ['properties', 'items', 'default'];

function keysIn(schema: unknown): Key[] {
  const { properties = {}, items } = partsOf(schema);
  const own = Object.entries(properties).flatMap(([name, inner]) => {
    const standard = partsOf(inner).default;
    const isWord = typeof standard === 'string' || typeof standard === 'number';
    return [{ name, standard: isWord ? `\`${standard}\`` : '' }].concat(keysIn(inner));
  });
  return items === undefined ? own : [...own, ...keysIn(items)];
}

function partsOf(schema: unknown) {
  const all = parseWith(table(text(), anything), schema, 'schema');
  return parseWith(
    schemaParts,
    Object.fromEntries(partNames.filter((name) => name in all).map((name) => [name, all[name]])),
    'schema',
  );
}
