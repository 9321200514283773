/** `kedge demo`: real releases, real processes and real attacks, on this machine, in a folder that is then removed. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { list, parseWith, text } from '@kedge/core/parse';
import { absolute, type CommandIo, readArgs, runCommand, UsageError } from '../../packages/cli/src/command.ts';
import { type Device, openDevice } from './device.ts';
import { Unexpected } from './expectation.ts';
import { install } from './scenes/1-install.ts';
import { update } from './scenes/2-update.ts';
import { rollBack } from './scenes/3-roll-back.ts';
import { kill } from './scenes/4-kill.ts';
import { hostileRepository } from './scenes/5-hostile-repository.ts';
import { jsonScreen, plainScreen, type Screen, terminalScreen } from './screen.ts';
import type { Story } from './story.ts';
import { openVendor, type Vendor } from './vendor.ts';

const usage = `kedge demo [--json] [--keep DIR]
  --json      JSON lines; the last one is the result
  --keep DIR  make everything in DIR, which must be empty or not there, and leave it to look at`;

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean', default: false },
  keep: { type: 'string' },
} as const;

const scenes = [install, update, rollBack, kill, hostileRepository];
const stopped_exit_code = 130;

export function main(args: readonly string[], io: CommandIo): Promise<number> {
  return runCommand(args, io, usage, async () => {
    const { values } = readArgs(args, options, 0);
    const kept = values.keep === undefined ? null : absolute(values.keep);
    if (kept !== null && (await io.ports.disk.list(kept))?.length) {
      throw new UsageError(`${kept} is not empty: name a folder of its own`);
    }
    const folder = kept ?? (await mkdtemp(join(tmpdir(), 'kedge-demo-')));
    try {
      await mkdir(folder, { recursive: true });
      await demo(io, screenFor(io, values.json), folder, kept);
      return 0;
    } catch (error) {
      if (io.signal.aborted) {
        io.err('stopped; nothing of it runs any more');
        return stopped_exit_code;
      }
      if (values.json) io.out(JSON.stringify({ kind: 'result', ok: false, problem: messageOf(error) }));
      if (!(error instanceof Unexpected)) throw error;
      io.err(`${error.message}; run it again with --keep DIR to look at what is there`);
      return 1;
    } finally {
      if (kept === null) await rm(folder, { recursive: true });
    }
  });
}

async function demo(io: CommandIo, screen: Screen, folder: string, kept: string | null): Promise<void> {
  const { clock } = io.ports;
  const { signal } = io;
  const began_ms = clock.monotonic_ms();
  const vendor = await openVendor(io.ports, folder);
  const devices: Device[] = [];
  try {
    const recorder = await deviceOf(io, folder, vendor, 'recorder');
    const staticServer = hasBinaries() ? await deviceOf(io, folder, vendor, 'static-server') : undefined;
    devices.push(recorder, ...(staticServer ? [staticServer] : []));
    const story: Story = { folder, clock, signal, screen, vendor, recorder, staticServer, rows: [] };
    for (const [index, { title, play }] of scenes.entries()) {
      signal.throwIfAborted();
      screen.scene(index + 1, title);
      await play(story);
    }
    const explain = parseWith(list(text({ length_max: 10_000 })), await recorder.ask('explain', {}), 'explanation');
    screen.end({ rows: story.rows, explain, duration_ms: Math.round(clock.monotonic_ms() - began_ms), kept });
  } finally {
    await Promise.all(devices.map((device) => device.close()));
    await vendor.close();
    // The web server goes with the demo; the files stay.
    if (kept !== null) await Promise.all(devices.map((device) => device.configure([`file://${vendor.repository}`])));
  }
}

function deviceOf(io: CommandIo, folder: string, vendor: Vendor, product: string): Promise<Device> {
  const { url: source, root } = vendor;
  const rule = 'now';
  const { clock } = io.ports;
  return openDevice({ clock, signal: io.signal, folder: join(folder, product), product, source, root, rule });
}

function screenFor(io: CommandIo, json: boolean): Screen {
  if (json) return jsonScreen(io.out);
  return process.stdout.isTTY ? terminalScreen(io.out, process.stdout) : plainScreen(io.out);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function hasBinaries(): boolean {
  return process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');
}
