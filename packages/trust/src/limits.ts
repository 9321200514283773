/** Every bound on what a source of updates may cost a device. */

export const root_bytes_max = 512_000;
export const timestamp_bytes_max = 16_384;
export const snapshot_bytes_max = 2_000_000;
export const targets_bytes_max = 5_000_000;
export const manifest_bytes_max = 2_000_000;
export const revocation_list_bytes_max = 2_000_000;
export const floor_bytes_max = 64_000;

/** Read of the body of a refusal, so that the connection can be used again. */
export const refusal_bytes_max = 4_096;

/** New roots that one check follows. */
export const root_rotations_max = 256;

export const answer_timeout_ms = 10_000;
export const idle_timeout_ms = 10_000;

/** For all that is asked of one source in one check; then the next source is tried. */
export const source_time_ms_max = 60_000;

/** Manifests that one look at the releases may read. */
export const candidates_max = 20;

export function metadataLimit_bytes(role: string): number {
  if (role === 'root') return root_bytes_max;
  if (role === 'timestamp') return timestamp_bytes_max;
  return role === 'snapshot' ? snapshot_bytes_max : targets_bytes_max;
}
