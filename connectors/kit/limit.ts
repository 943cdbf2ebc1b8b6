/** Owns our side of a vendor's rate limit: a sliding window, in this process; shared-limit.ts keeps one for several. */
import type { RateLimit } from './define.ts';

export interface Limiter {
  /** Takes a place now (0) or says in how many milliseconds to ask again; never waits by itself. */
  take(): number | Promise<number>;
  /** Learns from a 429: nobody of this connection calls for `ms`. */
  pause(ms: number): void | Promise<void>;
  /** Learns from an answer's headers what is left. */
  learn?(quota: CallsLeft): void;
}
/** What a vendor says of the calls that are left until its window begins anew, in `resetMs`. */
export interface CallsLeft {
  left: number;
  resetMs: number;
}

/** One that knows this process only, and answers at once. */
export interface LocalLimiter extends Limiter {
  take(): number;
  pause(ms: number): void;
}

/** For tests and for sandboxes whose speed is being measured. */
export const unlimited: Limiter = { take: () => 0, pause: () => {} };

/**
 * A window of the last `requests` call times. Others who call are not seen: the vendor's 429 corrects us, which is why
 * `pause` exists. `now` gives monotonic milliseconds.
 */
export function createLimiter(limit: RateLimit, now: () => number = () => performance.now()): LocalLimiter {
  const windowMs = limit.perSeconds * 1000;
  const taken: number[] = [];
  let pausedUntil = Number.NEGATIVE_INFINITY;

  return {
    take() {
      const at = now();
      if (pausedUntil > at) return Math.ceil(pausedUntil - at);
      while (taken.length > 0 && taken[0]! <= at - windowMs) taken.shift();
      if (taken.length >= limit.requests) return Math.max(1, Math.ceil(taken[0]! + windowMs - at));
      taken.push(at);
      return 0;
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, now() + ms);
    },
    learn({ left, resetMs }) {
      if (left <= 0 && resetMs > 0) pausedUntil = Math.max(pausedUntil, now() + resetMs);
    },
  };
}
