/** Owns a bounded rate: so many a second, with a small burst. */

export interface TokenBucket {
  /** Takes up to `wanted` whole tokens and answers how many. */
  take(wanted: number): number;
  giveBack(count: number): void;
  /** Milliseconds until the next token is there. */
  waitMs(): number;
}

/** `perSecond` may be Infinity: no limit. `now` gives monotonic milliseconds. */
export function createTokenBucket(
  limits: { perSecond: number; burst: number },
  now: () => number = () => performance.now(),
): TokenBucket {
  const { perSecond, burst } = limits;
  let tokens = burst;
  let filledAt = now();
  const fill = () => {
    const at = now();
    tokens = Math.min(burst, tokens + ((at - filledAt) * perSecond) / 1_000);
    filledAt = at;
  };
  if (perSecond === Number.POSITIVE_INFINITY) {
    return { take: (wanted) => wanted, giveBack: () => undefined, waitMs: () => 0 };
  }
  return {
    take: (wanted) => {
      fill();
      const taken = Math.min(wanted, Math.floor(tokens));
      tokens -= taken;
      return taken;
    },
    giveBack: (count) => {
      tokens = Math.min(burst, tokens + count);
    },
    waitMs: () => {
      fill();
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1_000);
    },
  };
}
