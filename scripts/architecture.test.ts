/** The house rules, so that none of them lives in a reviewer's head. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const lines_max = 400;

/** The table in ARCHITECTURE.md: what each package may import of the others. */
const mayImport: { readonly [name: string]: readonly string[] } = {
  core: [],
  trust: ['core'],
  publish: ['core', 'trust'],
  agent: ['core', 'trust'],
  cli: ['core', 'trust', 'publish', 'agent'],
  sim: ['core', 'trust', 'publish', 'agent', 'cli'],
};

/** Real I/O, time and chance: only in `os/` folders and `main.ts` files. */
const effects = [
  /\bDate\.now\(/,
  /\bnew Date\(\)/,
  /\bMath\.random\(/,
  /\bperformance\.now\(/,
  /\bset(?:Timeout|Interval|Immediate)\(/,
  /\bfetch\(/,
  /\bprocess\.(?:env|argv|exit|kill|on)\b/,
];
const pureNodeModules = new Set(['node:util', 'node:path', 'node:events']);

const bannedNames = /^(?:utils?|helpers?|common|types?|misc|manager|service|index)\.ts$/;

type Source = { readonly path: string; readonly text: string; readonly package: string | undefined };

const sources: readonly Source[] = ['packages', 'conformance', 'examples', 'bench', 'scripts'].flatMap((folder) =>
  listSources(folder),
);
const production = sources.filter(({ path }) => !/\.test\.ts$|\/testing\//.test(path) && path.startsWith('packages/'));

function listSources(folder: string): readonly Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/(^|\/)(node_modules|dist)\//.test(path))
    .map((path) => {
      const whole = join(folder, path);
      return {
        path: whole,
        text: readFileSync(join(root, whole), 'utf8'),
        package: /^packages\/([^/]+)\//.exec(whole)?.[1],
      };
    });
}

function importsOf({ text }: Source): readonly string[] {
  const statements = text.matchAll(
    /^(?:import|export)\s[^;]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm,
  );
  return [...statements].map(([, from, dynamic, bare]) => from ?? dynamic ?? bare ?? '');
}

function dependenciesIn(path: string, field: 'dependencies' | 'devDependencies'): readonly string[] {
  return Object.keys(JSON.parse(readFileSync(join(root, path), 'utf8'))[field]);
}

function mayHaveEffects({ path }: Source): boolean {
  return /\/os\//.test(path) || /(?:^|\/)(?:[a-z-]+-)?main\.ts$/.test(path);
}

test('there are sources to look at', () => {
  expect(production.length).toBeGreaterThan(50);
});

describe('a package', () => {
  test.each(Object.keys(mayImport))('%s imports only the packages that the design allows', (name) => {
    const allowed = new Set(mayImport[name]);
    const wrong = sources
      .filter((source) => source.package === name)
      .flatMap((source) => importsOf(source).map((target) => ({ path: source.path, target })))
      .filter(({ path, target }) => {
        const other = /^@kedge\/([^/]+)\//.exec(target)?.[1];
        if (other !== undefined) return !allowed.has(other);
        return target.startsWith('.') && !resolve(root, dirname(path), target).startsWith(join(root, 'packages', name));
      });
    expect(wrong).toEqual([]);
  });

  test.each(Object.keys(mayImport))('%s declares every dependency that it imports, and no other', (name) => {
    const declared = dependenciesIn(`packages/${name}/package.json`, 'dependencies');
    const forDevelopment = new Set(dependenciesIn('package.json', 'devDependencies'));
    const used = new Set(
      sources
        .filter((source) => source.package === name)
        .flatMap(importsOf)
        .filter((target) => !target.startsWith('.') && !target.startsWith('node:'))
        .map((target) => /^(?:@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? target)
        .filter((dependency) => !forDevelopment.has(dependency)),
    );
    expect([...used].toSorted()).toEqual(declared.toSorted());
  });
});

test('core imports nothing, not even of Node', () => {
  const foreign = production
    .filter((source) => source.package === 'core')
    .flatMap(importsOf)
    .filter((target) => !target.startsWith('.'));
  expect(foreign).toEqual([]);
});

test('clocks, disks, networks, processes and chance are touched only in os folders and main files', () => {
  const wrong = production
    .filter((source) => !mayHaveEffects(source))
    .flatMap((source) => {
      const code = source.text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      const calls = effects.filter((effect) => effect.test(code)).map(String);
      const modules = importsOf(source).filter((target) => target.startsWith('node:') && !pureNodeModules.has(target));
      return [...calls, ...modules].map((what) => `${source.path}: ${what}`);
    });
  expect(wrong).toEqual([]);
});

test(`no source is longer than ${lines_max} lines`, () => {
  const long = sources.filter(({ text }) => text.split('\n').length - 1 > lines_max).map(({ path }) => path);
  expect(long).toEqual([]);
});

test('every file is named for what is in it', () => {
  const nameless = sources.filter(({ path }) => bannedNames.test(path.split('/').at(-1) ?? '')).map(({ path }) => path);
  expect(nameless).toEqual([]);
});

test('no import goes round in a circle', () => {
  const graph = new Map(production.map((source) => [source.path, targetsOf(source)]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
    if (done.has(path) || trail.includes(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  expect(circles).toEqual([]);
});

/** Without those that only take types, which are gone before anything runs. */
function targetsOf(source: Source): readonly string[] {
  const code = source.text.replaceAll(/^(?:import|export) type [^;]*;/gm, '');
  return importsOf({ ...source, text: code })
    .map((target) => {
      if (target.startsWith('.')) return relative(root, resolve(root, dirname(source.path), target));
      const [, name, path] = /^@kedge\/([^/]+)\/(.+)$/.exec(target) ?? [];
      return name ? `packages/${name}/src/${path}.ts` : '';
    })
    .filter((path) => path !== '');
}

test('nothing is put off, switched off or cast around', () => {
  const marks =
    /\b(?:it|test|describe)\.(?:only|todo)\b|\bas any\b|@ts-(?:ignore|expect-error|nocheck)|\b(?:TODO|FIXME)\b/;
  const wrong = sources
    .filter(({ path }) => !path.endsWith('architecture.test.ts'))
    .filter(({ text }) => marks.test(text))
    .map(({ path }) => path);
  expect(wrong).toEqual([]);
});

test('every dependency has a licence that fits an Apache-2.0 product', () => {
  const fitting =
    /^\(?(?:MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|MPL-2\.0|MIT OR Apache-2\.0)(?: OR .*)?\)?$/;
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const wrong = Object.entries<{ readonly license?: string; readonly link?: boolean }>(lock)
    .filter(
      ([path, entry]) => path.startsWith('node_modules/') && !entry.link && !fitting.test(entry.license ?? 'none'),
    )
    .map(([path, entry]) => `${path}: ${entry.license}`);
  expect(wrong).toEqual([]);
});

test('versions of dependencies are exact', () => {
  const manifests = ['package.json', ...Object.keys(mayImport).map((name) => `packages/${name}/package.json`)];
  const loose = manifests.flatMap((path) => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync(join(root, path), 'utf8'));
    return Object.entries<string>({ ...dependencies, ...devDependencies, ...optionalDependencies })
      .filter(([, version]) => !/^(?:npm:@?[a-z0-9/-]+@)?\d+\.\d+\.\d+$/.test(version))
      .map(([name, version]) => `${path}: ${name} ${version}`);
  });
  expect(loose).toEqual([]);
});
