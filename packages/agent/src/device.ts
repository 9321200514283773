/** Everything that a stage may use: the ports, the configuration and the memory of one device. */

import type { JournalState } from '@kedge/core/journal';
import type { Clock, Disk, Net, Random, Sha256 } from '@kedge/core/ports';
import type { StageName } from '@kedge/core/stage';
import type { AgentConfig } from './config.ts';
import type { Journal } from './journal/journal.ts';
import type { Log } from './log.ts';
import type { Memory } from './memory.ts';
import type { Checks, Data, Deployer, Service } from './ports.ts';
import type { Report } from './report.ts';

export type Machine = {
  /** As `linux-x64`. */
  readonly platform: string;
  readonly ram_bytes: number;
  readonly runtimes: { readonly [name: string]: string };
};

export type Ports = {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly net: Net;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly machine: Machine;
  readonly deployer: Deployer;
  readonly service: Service;
  readonly data: Data;
  readonly checks: Checks;
};

export type Device = Ports & {
  readonly config: AgentConfig;
  readonly id: string;
  /** The `root.json` that this device trusts from the start. */
  readonly initial_root: Uint8Array;
  readonly paths: Paths;
  readonly journal: Journal;
  readonly memory: Memory;
  readonly log: Log;
  readonly emit: (event: AgentEvent) => void;
  /** Aborted when the agent is to stop. An update that has begun to apply is finished or left to `resume`. */
  readonly signal: AbortSignal;
};

/** What a person may follow while it happens. */
export type AgentEvent =
  | { readonly kind: 'stage_started'; readonly stage: StageName }
  | {
      readonly kind: 'stage_finished';
      readonly stage: StageName;
      readonly duration_ms: number;
      readonly failed: boolean;
    }
  | { readonly kind: 'progress'; readonly done_bytes: number; readonly total_bytes: number }
  | { readonly kind: 'state'; readonly state: JournalState }
  | { readonly kind: 'report'; readonly report: Report };

export type Paths = ReturnType<typeof pathsIn>;

export function pathsIn(folder: string) {
  const state = `${folder}/state`;
  return {
    folder,
    state,
    journal: `${state}/journal.json`,
    lock: `${state}/lock.db`,
    socket: `${state}/agent.sock`,
    manifests: `${state}/manifests`,
    device_id: `${state}/device-id`,
    log: `${folder}/log/events.jsonl`,
    app_log: `${folder}/log/app.log`,
    /** Trusted metadata, manifests and the version floor. */
    trust: `${folder}/trust`,
    downloads: `${folder}/downloads`,
    backups: `${folder}/backups`,
    outbox: `${folder}/outbox`,
  } as const;
}

/** UTC, as the journal and the reports write it. */
export function timeText(now_ms: number): string {
  return new Date(now_ms).toISOString();
}
