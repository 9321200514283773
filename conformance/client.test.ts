/** The program itself, as a suite calls it. */

import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openScene, type Scene } from './testing/scene.ts';

const program = resolve(import.meta.dirname, 'client');

// Six processes one after the other, on whatever machine.
const timeout_ms = 120_000;

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene.close());

/** From another folder. */
function client(...args: readonly string[]): Promise<number> {
  return new Promise((done) => {
    execFile(program, args, { cwd: scene.metadata_folder }, (error) => {
      done(typeof error?.code === 'number' ? error.code : 0);
    });
  });
}

test(
  'the client that a suite runs gets a root, follows a repository, downloads, and refuses to go back',
  async () => {
    const { repository, metadata_args, target_args } = scene;
    await rm(join(scene.metadata_folder, 'root.json'));
    expect(await client(...metadata_args, 'refresh')).toBe(1);
    await scene.plant('given', '/metadata/1.root.json');
    expect(await client(...metadata_args.slice(0, 2), 'init', join(scene.metadata_folder, 'given'))).toBe(0);
    expect(scene.requests).toEqual([]);
    expect(await client(...metadata_args, 'refresh')).toBe(0);
    const old = repository.files.get('/metadata/timestamp.json');

    repository.addArtifact('targets', 'a/b.txt', 'content');
    repository.publish('targets', 'snapshot', 'timestamp');
    expect(await client(...metadata_args, '--target-name', 'a/b.txt', ...target_args, 'download')).toBe(0);
    expect(await scene.artifacts()).toEqual(['content']);
    expect(await client(...metadata_args, '--target-name', 'a/c.txt', ...target_args, 'download')).toBe(1);

    if (old) repository.files.set('/metadata/timestamp.json', old);
    expect(await client(...metadata_args, 'refresh')).toBe(1);
    expect(await scene.trusted()).toEqual(['root 1', 'snapshot 2', 'targets 2', 'timestamp 2']);
  },
  timeout_ms,
);

test(
  'the client that a suite runs ends with 1 when it is called wrongly',
  async () => {
    expect(await client('refresh')).toBe(1);
  },
  timeout_ms,
);
