import { describe, expect, test } from 'vitest';
import { artifactPath, check, innerPath, instant, manifest, manifestPath, migration } from './manifest.ts';
import { InvalidInput, parseWith } from './parse.ts';
import { digest, sampleManifest, sampleManifestInput } from './sample.fixture.ts';

describe('a manifest', () => {
  test('gets its defaults', () => {
    expect(sampleManifest()).toMatchObject({
      notes: '',
      requirements: {},
      run: { environment: {}, stop_timeout_ms: 10_000 },
      migrations: [],
      validation: { deadline_ms: 60_000, healthy_for_ms: 5_000, interval_ms: 1_000 },
    });
  });

  test('keeps the other defaults of its validation when one of them is given', () => {
    expect(sampleManifest({ validation: { deadline_ms: 30_000 } }).validation).toEqual({
      deadline_ms: 30_000,
      healthy_for_ms: 5_000,
      interval_ms: 1_000,
    });
  });

  test.each(Object.keys(sampleManifestInput))('without %s is refused', (field) => {
    const { [field]: _, ...rest } = Object.fromEntries(Object.entries(sampleManifestInput));
    expect(() => parseWith(manifest, rest, 'manifest')).toThrow(`${field}: is missing`);
  });

  test.each([
    [{ format: 'kedge-manifest/2' }, 'format: must be one of kedge-manifest/1'],
    [{ counter: 0 }, 'counter: must be a whole number from 1'],
    [{ artifacts: [] }, 'artifacts: must have from 1 to 64 entries'],
    [{ released_at: '2026-02-30T00:00:00Z' }, 'released_at: must be a time that exists'],
    [{ requirements: { ram: 1 } }, 'requirements.ram: is not known'],
    [{ requirements: { runtime: { node: '20' } } }, 'requirements.runtime.node: must be a version'],
    [{ run: { command: [] } }, 'run.command: must have from 1'],
    [{ run: { command: ['x'], environment: { 'A-B': '' } } }, 'run.environment.A-B: must be a variable name'],
    [{ data: [{ kind: 'sqlite', path: '../x.db' }] }, 'data[0].path: must be a relative path'],
    [{ migrations: [{ kind: 'sql', id: '001', database: 'a.db', up: '1.sql' }] }, 'migrations[0].sha256: is missing'],
  ])('that is wrong is refused with the path of what is wrong (%#)', (changes, problem) => {
    expect(() => sampleManifest(changes)).toThrow(problem);
  });

  test('stands under its channel and product, and an artifact under its digest', () => {
    expect(manifestPath(sampleManifest())).toBe('stable/recorder/2.6.0.json');
    expect(artifactPath(digest('a'))).toBe(`artifacts/${digest('a')}.tar.zst`);
  });
});

test.each(['a', 'a/b.sql', '.hidden', '..x', 'a..b/c', 'a b/ü'])('%j is a path inside the release', (path) => {
  expect(innerPath.parse(path, 'path')).toBe(path);
});

test.each(['', '.', '..', '/a', 'a/', 'a//b', 'a/../b', 'a/..', './a', 'a/.', 'a\\b', 'a\0b'])(
  '%j is not a path inside the release',
  (path) => {
    expect(() => innerPath.parse(path, 'path')).toThrow(InvalidInput);
  },
);

test.each(['2026-01-20', '2026-01-20T08:00:00', '2026-01-20T08:00:00+01:00', '2026-01-20T25:00:00Z'])(
  '%s is not an instant',
  (value) => {
    expect(() => instant.parse(value, 'at')).toThrow(InvalidInput);
  },
);

test('a check is critical and has 5 s, unless it says otherwise', () => {
  expect(check.parse({ kind: 'tcp', name: 'port', address: '127.0.0.1:${port}' }, '')).toEqual({
    kind: 'tcp',
    name: 'port',
    critical: true,
    timeout_ms: 5_000,
    address: '127.0.0.1:${port}',
  });
});

test('a command migration has no digest', () => {
  const command = { kind: 'command', id: '001', database: 'app', up: ['./up'] };
  expect(migration.parse(command, '')).toEqual(command);
  expect(() => migration.parse({ ...command, sha256: digest('a') }, 'migration')).toThrow('migration.sha256');
});
