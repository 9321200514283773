/** Whether an ISO time such as 2026-01-20T08:00:00Z names a moment that exists: 30 February and 24:00 do not. */
export function isRealInstant(iso: string): boolean {
  const time_ms = Date.parse(iso);
  return !Number.isNaN(time_ms) && new Date(time_ms).toISOString().startsWith(iso.slice(0, 19));
}
