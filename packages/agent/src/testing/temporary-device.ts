/** A device with real files in a temporary folder, for tests of what needs no app and no repository. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../config.ts';
import type { Device } from '../device.ts';
import { openDevice } from '../open-device.ts';
import { type Base, localPorts, realBase } from '../os/local-ports.ts';

export type TemporaryDevice = {
  readonly folder: string;
  /** As after a start of the agent. */
  open(yaml?: string, base?: Partial<Base>): Promise<Device>;
  close(): Promise<void>;
};

export async function temporaryDevice(): Promise<TemporaryDevice> {
  const folder = await mkdtemp(join(tmpdir(), 'kedge-device-'));
  await writeFile(join(folder, 'root.json'), '{}');
  const opened: Device[] = [];
  return {
    folder,
    async open(yaml = '', base = {}) {
      const required = "product: tiny\nrepository: ['http://127.0.0.1:1']\nroot: root.json\nfolder: .\n";
      const config = parseConfig(required + yaml, join(folder, 'kedge.yaml'));
      const ports = localPorts(config, () => {}, { ...realBase(), ...base });
      const device = await openDevice({ config, ports, emit: () => {}, signal: new AbortController().signal });
      opened.push(device);
      return device;
    },
    async close() {
      for (const device of opened) await device.log.close();
      await rm(folder, { recursive: true });
    },
  };
}
