/** Owns the reading of a `Retry-After` header: how long a throttled connection waits. */

const leastWaitMs = 1_000;
const mostWaitMs = 15 * 60_000;

/**
 * Seconds or an HTTP date (RFC 9110 §10.2.3) to milliseconds within 1 s..15 min, plus up to a fifth (at most 5 s) of
 * jitter so that waiting workers do not return together. Absent or unreadable: `defaultMs`.
 */
export function retryAfterMs(
  header: string | undefined,
  defaultMs: number,
  nowMs: number = Date.now(),
  random: () => number = Math.random,
): number {
  const wantedMs = Math.min(mostWaitMs, Math.max(leastWaitMs, statedMs(header, nowMs) ?? defaultMs));
  return Math.ceil(wantedMs + random() * Math.min(5_000, wantedMs / 5));
}

function statedMs(header: string | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // A date starts with a weekday; Date.parse alone would take "-5" for a year.
  const dateMs = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(dateMs) ? null : dateMs - nowMs;
}
