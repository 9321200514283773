import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { check, manifest } from '@kedge/core/manifest';
import { type JsonSchema, list, parseJson, parseWith } from '@kedge/core/parse';
import { nodeDisk } from '@kedge/trust/os/disk';
import { expect, test } from 'vitest';
import { readReleaseFile } from './release-file.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/releases.md'), 'utf8');
const [release = '', checks = ''] = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, code]) => code);

/** Every field of an object and every word of a choice, however deep. */
function wordsOf(schema: JsonSchema): readonly string[] {
  const fields = Object.keys(Object(schema['properties']));
  const choices = Object.values(Object(schema['enum'])).map(String);
  return [...fields, ...choices, ...Object.values(schema).filter(isSchema).flatMap(wordsOf)];
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null;
}

test('docs/releases.md names every field of a manifest, and every word that one may have', () => {
  const words = new Set(wordsOf(manifest.schema));
  expect(words.size).toBeGreaterThan(60);
  const named = new Set([...page.matchAll(/[`"]([a-z0-9_/-]+)[`"]/gi)].map(([, word]) => word));
  expect([...words].filter((word) => !named.has(word))).toEqual([]);
});

test('docs/releases.md shows a release.json that can be read, and whose parts are those of a manifest', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-release-file-'));
  writeFileSync(join(folder, 'release.json'), release);
  const { platforms, migrations, ...rest } = await readReleaseFile(nodeDisk, join(folder, 'release.json'));
  rmSync(folder, { recursive: true });
  expect(Object.keys(platforms)).toEqual(['linux-x64', 'linux-arm64']);
  expect(migrations).toEqual({ database: 'recorder.db', folder: 'migrations' });
  const digest = 'a'.repeat(64);
  const size = { length_bytes: 1, unpacked_bytes: 1, entry_count: 1 };
  const artifacts = [{ platform: 'any', sha256: digest, tree_sha256: digest, ...size }];
  const measured = { format: 'kedge-manifest/1', released_at: '2026-01-20T08:00:00Z', git_commit: null, artifacts };
  expect(parseWith(manifest, { ...rest, ...measured }, 'the example')).toMatchObject({ product: 'recorder' });
});

test('docs/releases.md shows a check of every kind', () => {
  const shown = parseJson(list(check), checks, 'the example').map(({ kind }) => kind);
  expect(shown).toEqual(['http', 'graphql', 'tcp', 'sqlite', 'dns', 'internet', 'command', 'repository']);
});
