/** Owns counting how often a key has occurred in one file, in a few bytes a key. */

const startCapacity = 1 << 14;
const wordsPerSlot = 3;

/**
 * Counts keys by 64 bits of their SHA-256, 12 bytes a slot at most two thirds full: about 18–36 MB for a million
 * keys, where a Map of strings takes 150 MB and more. Two different keys meet with a probability of 3e-8 in a file
 * of a million lines; what follows is an occurrence number too high, or a line quarantined, never a line lost.
 */
export class SeenKeys {
  #slots = new Uint32Array(startCapacity * wordsPerSlot);
  #capacity = startCapacity;
  #used = 0;

  /** Counts the key in and says the how manieth of its kind it is: 1 for the first. `sha256Hex` is its hash. */
  count(sha256Hex: string): number {
    // The low bit is set, so that no key looks like an empty slot.
    const high = Number.parseInt(sha256Hex.slice(0, 8), 16);
    const low = (Number.parseInt(sha256Hex.slice(8, 16), 16) | 1) >>> 0;
    if (this.#used * 3 > this.#capacity * 2) this.#grow();
    const at = this.#find(high, low);
    if (this.#slots[at + 1] === 0) {
      this.#used += 1;
      this.#slots[at] = high;
      this.#slots[at + 1] = low;
    }
    this.#slots[at + 2]! += 1;
    return this.#slots[at + 2]!;
  }

  /** How often the key was counted in so far. */
  countOf(sha256Hex: string): number {
    const high = Number.parseInt(sha256Hex.slice(0, 8), 16);
    const low = (Number.parseInt(sha256Hex.slice(8, 16), 16) | 1) >>> 0;
    return this.#slots[this.#find(high, low) + 2]!;
  }

  #find(high: number, low: number): number {
    let slot = high & (this.#capacity - 1);
    for (;;) {
      const at = slot * wordsPerSlot;
      if (this.#slots[at + 1] === 0 || (this.#slots[at] === high && this.#slots[at + 1] === low)) return at;
      slot = (slot + 1) & (this.#capacity - 1);
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#capacity *= 2;
    this.#slots = new Uint32Array(this.#capacity * wordsPerSlot);
    for (let from = 0; from < old.length; from += wordsPerSlot) {
      if (old[from + 1] === 0) continue;
      this.#slots.set(old.subarray(from, from + wordsPerSlot), this.#find(old[from]!, old[from + 1]!));
    }
  }
}
