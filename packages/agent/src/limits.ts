/** Every bound of the agent that no policy changes. */

/** Fetches of one artifact before it is refused. */
export const fetch_tries_max = 3;

/** Cut-off updates to one version before it is pinned out. */
export const interruptions_max = 3;

/** Until what could not be finished, such as a roll back on a full disk, is tried again. */
export const unfinished_retry_ms = 60_000;

export const answer_timeout_ms = 15_000;
export const idle_timeout_ms = 30_000;

/** A source that gives less than this over a whole window is left for the next one. */
export const rate_bytes_per_s_min = 512;
export const rate_window_ms = 60_000;

/** What was fetched is made durable this often, so that a power cut costs no more of it. */
export const sync_every_bytes = 8 * 1024 * 1024;

/** A partial download that nobody went on with for so long is dropped. */
export const partial_age_ms_max = 7 * 24 * 3_600_000;

/** Reports that wait to be acknowledged; beyond it the oldest go. */
export const outbox_reports_max = 1_000;
