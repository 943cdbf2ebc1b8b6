/** Owns entity tags: the hash of a representation, and holding an edit to the one its author has seen. */
import { createHash } from 'node:crypto';
import { Refusal } from '../../domain/refusal.ts';

/** A strong tag over the JSON text of an answer. */
export function toEtag(json: string): string {
  return `"${createHash('sha256').update(json).digest('base64url').slice(0, 22)}"`;
}

/** Refuses with 412 when `If-Match` is there and names other representations than the current one. */
export function requireMatch(ifMatch: string | undefined, currentJson: string): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const current = toEtag(currentJson);
  if (ifMatch.split(',').some((tag) => tag.trim() === current)) return;
  throw new Refusal({
    code: 'request.stale',
    status: 412,
    message: 'Somebody changed this since you read it.',
    whatToDo: 'Read it again, repeat your change on the new state, and send its ETag in If-Match.',
    details: { currentEtag: current },
  });
}
