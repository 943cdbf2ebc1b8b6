/** Owns making ids: UUID version 7, so that new rows land at the end of their indexes. */
import { v7 } from 'uuid';

export function newId(): string {
  return v7();
}
