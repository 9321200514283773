/** Tells whoever follows an update which stage it is in, and how long each one took. */

import type { StageName } from '@kedge/core/stage';
import type { Device } from './device.ts';
import type { Report } from './report.ts';

export type Stages = {
  /** @throws StageBroke around whatever the work throws */
  run<T>(stage: StageName, work: () => Promise<T>): Promise<T>;
  times(): Report['stages'];
};

/** A stage met something that it has no answer for, such as a full disk. */
export class StageBroke extends Error {
  override readonly name = 'StageBroke';
  readonly stage: StageName;

  constructor(stage: StageName, cause: unknown) {
    super(`stage ${stage} broke`, { cause });
    this.stage = stage;
  }
}

export function announceStages(device: Pick<Device, 'clock' | 'emit'>): Stages {
  const times: { name: string; duration_ms: number }[] = [];
  return {
    async run(stage, work) {
      const { clock, emit } = device;
      const began_ms = clock.monotonic_ms();
      const finish = (failed: boolean): void => {
        const duration_ms = Math.round(clock.monotonic_ms() - began_ms);
        times.push({ name: stage, duration_ms });
        emit({ kind: 'stage_finished', stage, duration_ms, failed });
      };
      emit({ kind: 'stage_started', stage });
      try {
        const result = await work();
        finish(false);
        return result;
      } catch (error) {
        finish(true);
        throw new StageBroke(stage, error);
      }
    },
    times: () => [...times],
  };
}
