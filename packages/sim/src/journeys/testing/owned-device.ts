/** A device with its owner in front of it, and its vendor elsewhere. */

import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createAgent } from '@kedge/agent/agent';
import { handlersFor } from '@kedge/agent/handlers';
import type { Handlers } from '@kedge/agent/local-api';
import { type Report, report as reportParser } from '@kedge/agent/report';
import { list, parseWith, text } from '@kedge/core/parse';
import { readKeyring } from '@kedge/publish/keyring';
import { rotateRole } from '@kedge/publish/keys';
import { type Withdrawal, yank } from '@kedge/publish/yank';
import { systemClock } from '@kedge/trust/os/clock';
import { nodeDisk } from '@kedge/trust/os/disk';
import { systemRandom } from '@kedge/trust/os/random';
import { sha256 } from '@kedge/trust/os/sha256';
import type { Role } from '@kedge/trust/roles';
import type { Booted, World } from '../../testing/world.ts';

export type OwnedDevice = {
  readonly booted: Booted;
  readonly handlers: Handlers;
  check(version?: string): Promise<Report>;
  rollback(lose_writes?: boolean): Promise<Report>;
  /** All that `explain` says, as one text. */
  explain(): Promise<string>;
  /** The agent looks for updates by itself from now on. */
  run(): void;
  /** The next report from now on. */
  nextReport(): Promise<Report>;
};

const lines = list(text({ length_max: 10_000 }));

/** Boots the device, recovers, and gives what a person there can do. */
export async function ownDevice(world: World, ...how: Parameters<World['boot']>): Promise<OwnedDevice> {
  const booted = await world.boot(...how);
  const { device, feed } = booted;
  const agent = createAgent(device);
  const handlers = handlersFor(device, agent, feed);
  await agent.recover();
  return {
    booted,
    handlers,
    check: async (version) => asReport(await handlers.check(version === undefined ? {} : { version })),
    rollback: async (lose_writes = false) => asReport(await handlers.rollback({ lose_writes })),
    explain: async () => parseWith(lines, await handlers.explain({}), 'explanation').join('\n'),
    run: () => void agent.run(),
    async nextReport() {
      for await (const event of feed.follow(device.signal)) if (event.kind === 'report') return event.report;
      throw new Error('the agent ended without a report');
    },
  };
}

/** Installs the first release, with one row in its database. */
export async function installFirst(world: World, owned: OwnedDevice): Promise<void> {
  await world.publish({ version: '1.0.0', counter: 1 });
  const report = await owned.check();
  if (report.kind !== 'updated') throw new Error(`1.0.0 was not installed: ${report.reasons.join(' ')}`);
  await world.ask('first', 'POST');
}

export async function withdraw(world: World, withdrawal: Omit<Withdrawal, 'product'>): Promise<void> {
  const keyring = await readKeyring(nodeDisk, { folder: join(world.folder, 'keys'), passphrase: undefined });
  await yank(vendorPorts, keyring, world.repository, { product: 'tiny', ...withdrawal });
}

export async function rotate(world: World, role: Role): Promise<void> {
  await rotateRole(vendorPorts, { folder: join(world.folder, 'keys'), passphrase: undefined }, world.repository, role);
}

const vendorPorts = { disk: nodeDisk, clock: systemClock, random: systemRandom, sha256 };

/** What the links point to and which trees there are. */
export async function onDisk(world: World) {
  const { device_folder } = world;
  const target = async (name: string): Promise<string | undefined> => {
    const entry = await nodeDisk.stat(join(device_folder, name));
    return entry?.kind === 'symlink' ? readlinkSync(join(device_folder, name)) : undefined;
  };
  const trees = (await nodeDisk.list(join(device_folder, 'releases'))) ?? [];
  return {
    current: await target('current'),
    previous: await target('previous'),
    trees: trees.filter((name) => name !== '.staging'),
    backups: ((await nodeDisk.list(join(device_folder, 'backups'))) ?? []).length,
  };
}

export async function texts(world: World, version: string): Promise<readonly string[]> {
  return (await world.askUntil(version)).rows.map(({ text }) => text);
}

function asReport(answer: unknown): Report {
  return parseWith(reportParser, answer, 'report');
}
