/** Owns remembering which derived keys a file had so far, in a few bytes a key. */
import { hash } from 'node:crypto';
import { SeenKeys } from './seen-keys.ts';

const first = /^row-([0-9a-f]{32})$/;
/** The key's own digest; of a line that says the same as another, with its number, or of any other key: one over it. */
const digestOf = (key: string) => first.exec(key)?.[1] ?? hash('sha256', key, 'hex');

export class FileKeys {
  readonly #seen = new SeenKeys();

  add(key: string): void {
    this.#seen.count(digestOf(key));
  }

  has(key: string): boolean {
    return this.#seen.countOf(digestOf(key)) > 0;
  }
}
