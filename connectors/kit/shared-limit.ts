/** Owns one process's share of a rate limit that all workers of a connection keep together, in some ledger outside. */
import type { RateLimit } from './define.ts';
import type { CallsLeft, Limiter } from './limit.ts';

/** Where calls are counted for all processes. */
export interface SlotLedger {
  /** Takes up to `wanted` calls that will be made within `leaseMs`; gives back `unused` ones of an earlier lease. */
  take(taken: {
    wanted: number;
    leaseMs: number;
    unused: { slots: number; lease: string } | null;
    said: CallsLeft | null;
  }): Promise<{ granted: number; waitMs: number; lease: string | null }>;
  pause(ms: number): Promise<void>;
}

/** A lease is a tenth of the window: the ledger counts both together, so a tenth of the speed pays for it at most. */
const leaseOfWindow = 0.1;
/** What one process may hold at once, so that others get their turn. */
const leaseOfLimit = 0.25;
const longestLeaseMs = 1_000;

/**
 * Calls are leased several at a time once they follow one another, so that a page costs no query; what is not used within
 * the lease is given back with the next one. `now` gives monotonic milliseconds.
 */
export function createSharedLimiter(
  limit: RateLimit,
  ledger: SlotLedger,
  now: () => number = () => performance.now(),
): Limiter {
  const leaseMs = Math.max(1, Math.min(longestLeaseMs, limit.perSeconds * 1000 * leaseOfWindow));
  const mostWanted = Math.ceil(limit.requests * leaseOfLimit);
  let held = { slots: 0, used: 0, until: Number.NEGATIVE_INFINITY, lease: null as string | null };
  let wanted = 1;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let said: (CallsLeft & { at: number }) | null = null;
  let asking: Promise<number> | null = null;

  /** Leases anew; answers how long to wait where nothing is granted. */
  async function ask(): Promise<number> {
    const unused = held.slots;
    // Twice as many where all were used in time, else as many as were.
    if (held.lease !== null)
      wanted = unused === 0 ? Math.min(mostWanted, wanted * 2) : Math.max(1, held.used);
    // Before the question: the ledger's time is later, so the lease never outlives what is counted there.
    const startedAt = now();
    const news = said;
    const answer = await ledger.take({
      wanted,
      leaseMs,
      unused: unused > 0 && held.lease !== null ? { slots: unused, lease: held.lease } : null,
      said: news && { left: news.left, resetMs: Math.max(0, news.resetMs - (startedAt - news.at)) },
    });
    if (said === news) said = null;
    held = { slots: answer.granted, used: 0, until: startedAt + leaseMs, lease: answer.lease };
    return answer.granted > 0 ? 0 : answer.waitMs;
  }

  return {
    async take() {
      for (;;) {
        const at = now();
        if (pausedUntil > at) return Math.ceil(pausedUntil - at);
        if (held.slots > 0 && at < held.until) {
          held.slots -= 1;
          held.used += 1;
          return 0;
        }
        asking ??= ask().finally(() => {
          asking = null;
        });
        const waitMs = await asking;
        if (waitMs > 0) return waitMs;
      }
    },
    async pause(ms) {
      pausedUntil = Math.max(pausedUntil, now() + ms);
      await ledger.pause(ms);
    },
    learn({ left, resetMs }) {
      said = { left, resetMs, at: now() };
      held.slots = Math.min(held.slots, Math.max(0, left));
      if (left > 0 || resetMs <= 0) return;
      pausedUntil = Math.max(pausedUntil, now() + resetMs);
      // The next lease tells the others; if this fails, so will that.
      ledger.pause(resetMs).catch(() => undefined);
    },
  };
}
