/** Changes to a JSON document that leave it one, or nearly: fields dropped, doubled, retyped, renamed, moved and deepened. */

import type { Prng } from '../prng.ts';
import { pick } from './mutate-bytes.ts';

/** As written, so that a name may come twice and a number may be too large to be one. */
type Tree =
  | { readonly kind: 'leaf'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'table'; readonly entries: readonly (readonly [name: string, value: Tree])[] };

const texts = [
  '',
  ' ',
  'a',
  '../../x',
  '/etc/passwd',
  '__proto__',
  '\0',
  '\ud800',
  '\n\r',
  '\u202e\u2028',
  '1.0.0',
  '01.0.0',
  '1.0.0-beta.99999999999999999999',
  '2026-02-30T00:00:00Z',
  '${data}',
  'file:///x',
  'é'.repeat(5000),
  '0'.repeat(64),
  '../'.repeat(2000),
];

const leaves = [
  ...texts.map((text) => JSON.stringify(text)),
  'null',
  'true',
  'false',
  '0',
  '-0',
  '-1',
  '1',
  '0.5',
  '1e999',
  '-1e999',
  '1e-9',
  '9007199254740993',
  '[]',
  '{}',
  '[[]]',
];

const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '',
  'kind',
  'a\nb',
  '\u001b[2J',
  'x'.repeat(9000),
  '0',
];

const list_bytes_max = 200_000;

/** What is no JSON is given back as it is. */
export function mutateJson(prng: Prng, text: string, other: string): string {
  const tree = parsed(text);
  if (!tree) return text;
  const donor = parsed(other) ?? tree;
  let mutated = tree;
  for (let left = 1 + prng.below(3); left > 0; left -= 1) mutated = mutateSomewhere(prng, mutated, donor);
  return written(mutated);
}

/** Goes down by chance, and changes what it comes to. */
function mutateSomewhere(prng: Prng, tree: Tree, donor: Tree): Tree {
  const goOn = prng.below(5) > 0;
  if (tree.kind === 'list' && goOn && tree.items.length > 0) {
    const at = prng.below(tree.items.length);
    return {
      ...tree,
      items: tree.items.map((item, index) => (index === at ? mutateSomewhere(prng, item, donor) : item)),
    };
  }
  if (tree.kind === 'table' && goOn && tree.entries.length > 0) {
    const at = prng.below(tree.entries.length);
    const entries = tree.entries.map(([name, value], index): readonly [string, Tree] => {
      return index === at ? [name, mutateSomewhere(prng, value, donor)] : [name, value];
    });
    return { ...tree, entries };
  }
  return mutateHere(prng, tree, donor);
}

function mutateHere(prng: Prng, tree: Tree, donor: Tree): Tree {
  const how = prng.below(6);
  if (how === 0) return deepened(prng, tree);
  if (how === 1) return somePart(prng, donor);
  if (how > 2 && tree.kind === 'table' && tree.entries.length > 0)
    return { ...tree, entries: mutateEntries(prng, tree.entries) };
  if (how > 2 && tree.kind === 'list' && tree.items.length > 0)
    return { ...tree, items: mutateItems(prng, tree.items) };
  return { kind: 'leaf', text: pick(prng, leaves) };
}

function mutateEntries(
  prng: Prng,
  entries: readonly (readonly [string, Tree])[],
): readonly (readonly [string, Tree])[] {
  const at = prng.below(entries.length);
  const [name, value] = pick(prng, entries);
  switch (prng.below(4)) {
    case 0:
      return entries.filter((_, index) => index !== at);
    case 1:
      return [...entries, [name, value]];
    case 2:
      return [...entries, [pick(prng, names), value]];
    default:
      return entries.map(([each, its], index): readonly [string, Tree] => [
        index === at ? pick(prng, names) : each,
        its,
      ]);
  }
}

function mutateItems(prng: Prng, items: readonly Tree[]): readonly Tree[] {
  const at = prng.below(items.length);
  switch (prng.below(3)) {
    case 0:
      return items.filter((_, index) => index !== at);
    case 1:
      return items.toReversed();
    default:
      return copies(pick(prng, items), pick(prng, [2, 70, 11_000]));
  }
}

/** As many as there is room for. */
function copies(item: Tree, count: number): readonly Tree[] {
  const room = Math.ceil(list_bytes_max / written(item).length);
  return Array.from({ length: Math.min(count, room) }, () => item);
}

function deepened(prng: Prng, tree: Tree): Tree {
  const depth = pick(prng, [1, 2, 100, 20_000]);
  const [open, close] = pick(prng, [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const);
  return { kind: 'leaf', text: `${open.repeat(depth)}${written(tree)}${close.repeat(depth)}` };
}

function somePart(prng: Prng, tree: Tree): Tree {
  if (prng.below(4) === 0) return tree;
  if (tree.kind === 'list' && tree.items.length > 0) return somePart(prng, pick(prng, tree.items));
  if (tree.kind === 'table' && tree.entries.length > 0) return somePart(prng, pick(prng, tree.entries)[1]);
  return tree;
}

function parsed(text: string): Tree | undefined {
  try {
    return treeOf(JSON.parse(text));
  } catch {
    // No JSON any more, or so deep that it cannot be walked: others change it by its bytes.
    return undefined;
  }
}

function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(treeOf) };
  if (typeof value !== 'object' || value === null) return { kind: 'leaf', text: JSON.stringify(value) };
  return {
    kind: 'table',
    entries: Object.entries(value).map(([name, each]): readonly [string, Tree] => [name, treeOf(each)]),
  };
}

function written(tree: Tree): string {
  if (tree.kind === 'leaf') return tree.text;
  if (tree.kind === 'list') return `[${tree.items.map(written).join(',')}]`;
  return `{${tree.entries.map(([name, value]) => `${JSON.stringify(name)}:${written(value)}`).join(',')}}`;
}
