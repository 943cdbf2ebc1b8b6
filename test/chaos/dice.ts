/** Owns chance that can be repeated: numbers from a seed, `SEED` of the environment or a new one. */

export interface Dice {
  seed: number;
  /** From 0 up to, but not including, 1. */
  next(): number;
  /** A whole number below `limit`. */
  upTo(limit: number): number;
}

/** Mulberry32 (public domain): 32 bits of state, even enough to choose moments by. */
export function openDice(seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000)): Dice {
  if (!Number.isSafeInteger(seed)) throw new Error('SEED is a whole number');
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, next, upTo: (limit) => Math.floor(next() * limit) };
}
