/** Owns making ids: UUID version 7, so that new rows land at the end of their indexes. */
import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const idBytes = 16;
/** Drawn for many ids at once: a draw for each costs more than the rest of the id. */
const drawn = new Uint8Array(idBytes * 256);
let next = drawn.length;
/** The order of ids made within a millisecond, started anew at random in each. */
let msecs = 0;
let seq = 0;

export function newId(): string {
  if (next === drawn.length) {
    randomFillSync(drawn);
    next = 0;
  }
  const random = drawn.subarray(next, next + idBytes);
  next += idBytes;
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // 31 bits, so that counting on from it stays within the 32 that there are.
    seq = (((random[6]! << 23) | (random[7]! << 16) | (random[8]! << 8) | random[9]!) & 0x7fff_ffff) >>> 0;
  } else seq += 1;
  return v7({ random, msecs, seq });
}

/** The smallest id that can be made in this millisecond: what was made in a time is between two of them. */
export function firstIdAt(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
