import { totalmem } from 'node:os';
import type { Machine } from '../device.ts';

export function thisMachine(): Machine {
  return {
    platform: `${process.platform}-${process.arch}`,
    ram_bytes: totalmem(),
    runtimes: { node: process.versions.node },
  };
}
