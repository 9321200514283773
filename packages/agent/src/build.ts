/** What is known of this agent since it was built. */

export const agent_version = '0.1.0';

/** No clock is believed that is earlier than this. */
export const build_time_ms = Date.UTC(2026, 10, 21);
