/** A client with folders of its own, and the repository that it is pointed to over HTTP. */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { nodeNet } from '@kedge/trust/os/net';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import { main } from '../main.ts';
import { openRepository, type Repository } from './repository.ts';

const day_ms = 86_400_000;

export type Scene = {
  readonly repository: Repository;
  /** Of every request since the last `clear`, as it was sent. */
  readonly requests: string[];
  readonly metadata_folder: string;
  readonly metadata_args: readonly string[];
  readonly target_args: readonly string[];
  /** Exit code of the client, on a device whose clock is so many days ahead. */
  run(args: readonly string[], days?: number): Promise<number>;
  refresh(days?: number): Promise<number>;
  download(path: string, days?: number): Promise<number>;
  /** Names and versions of what the client trusts, in the order of their names. */
  trusted(): Promise<readonly string[]>;
  /** What it has downloaded, in the order of their names. */
  artifacts(): Promise<readonly string[]>;
  /** What an earlier run of the client would have left. */
  plant(file: string, path: string): Promise<void>;
  close(): Promise<void>;
};

/** The client has been given the root that the repository has now. */
export async function openScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'kedge-conformance-'));
  const [metadata_folder, target_folder] = [join(folder, 'metadata'), join(folder, 'targets')];
  await mkdir(metadata_folder);
  const repository = openRepository();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    const bytes = repository.files.get(path);
    response.writeHead(bytes ? 200 : 404).end(bytes);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;

  const ports = { disk: nodeDisk, net: nodeNet(), random: systemRandom, sha256 };
  function run(args: readonly string[], days = 0): Promise<number> {
    const clock = { ...systemClock, now_ms: () => systemClock.now_ms() + days * day_ms };
    const io = { out: quiet, err: quiet, env: {}, signal: new AbortController().signal };
    return main(args, { ...io, ports: { ...ports, clock } });
  }
  async function plant(file: string, path: string): Promise<void> {
    await writeFile(join(metadata_folder, file), repository.files.get(path) ?? '');
  }
  await plant('root.json', '/metadata/1.root.json');
  const metadata_args = ['--metadata-dir', metadata_folder, '--metadata-url', `${url}/metadata/`];
  const target_args = ['--target-dir', target_folder, '--target-base-url', `${url}/targets/`];
  return {
    repository,
    requests,
    metadata_folder,
    metadata_args,
    target_args,
    run,
    refresh: (days) => run([...metadata_args, 'refresh'], days),
    download: (path, days) => run([...metadata_args, ...target_args, '--target-name', path, 'download'], days),
    async trusted() {
      const files = (await readdir(metadata_folder)).filter((file) => file.endsWith('.json')).toSorted();
      return Promise.all(
        files.map(async (file) => {
          const { signed } = JSON.parse(await readFile(join(metadata_folder, file), 'utf8'));
          return `${file.slice(0, -'.json'.length)} ${signed.version}`;
        }),
      );
    },
    async artifacts() {
      const files: readonly string[] = await readdir(target_folder).catch(() => []);
      return Promise.all(files.toSorted().map((file) => readFile(join(target_folder, file), 'utf8')));
    },
    plant,
    async close() {
      await new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      });
      await rm(folder, { recursive: true });
    },
  };
}

function quiet(): void {}
