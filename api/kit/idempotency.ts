/** Owns the Idempotency-Key of a command: its claim before the command runs, and the kept answer for a repeat. */
import { createHash } from 'node:crypto';
import type { Request } from 'express';
import { Refusal } from '../../domain/refusal.ts';
import type { Database } from '../../store/database.ts';
import { claimIdempotencyKey, type Fence, type StoredAnswer } from '../../store/idempotency.ts';

export type IdempotencyMode = 'required' | 'honoured' | 'none';

/** A claim that this request holds. */
export interface HeldKey {
  key: string;
  fence: Fence;
}
export type KeyState =
  | { outcome: 'unused' }
  | { outcome: 'held'; held: HeldKey }
  | { outcome: 'replay'; status: number; answer: StoredAnswer };

const keyPattern = /^[\x21-\x7e]{1,200}$/;

/** The key of a request, or null. Refuses 400 where the route needs one, or when it is not 1–200 visible ASCII characters. */
export function readIdempotencyKey(request: Request, mode: IdempotencyMode): string | null {
  const key = request.get('idempotency-key');
  if (mode === 'none') return null;
  if (key === undefined) {
    if (mode === 'honoured') return null;
    throw new Refusal({
      code: 'idempotency.key_required',
      status: 400,
      message: 'This command moves money and needs an Idempotency-Key header.',
      whatToDo: 'Send a new random key with each command, and the same one when you repeat it.',
    });
  }
  if (keyPattern.test(key)) return key;
  throw new Refusal({
    code: 'idempotency.key_invalid',
    status: 400,
    message: 'An Idempotency-Key has 1 to 200 visible ASCII characters.',
  });
}

/**
 * What makes two requests the same: who asks, method, path with query, and the bytes of the body. An upload is not read
 * before it is worked on, so its headers stand for it: a client that wants to be sure sends Content-Digest (RFC 9530).
 */
export function fingerprint(
  request: Request,
  actor: { memberId: string | null },
  body: Uint8Array | null,
): { route: string; bodyHash: Buffer } {
  const { 'content-type': type, 'content-length': length, 'content-digest': digest } = request.headers;
  const compared = body ?? JSON.stringify([type, length, digest]);
  return {
    route: `${request.method} ${request.originalUrl}`,
    // The answer to one person is none for another who happens to send the same key. API keys of nobody are the firm's
    // own machines: one that goes on with a new API key after the old one was replaced asks for the same.
    bodyHash: createHash('sha256')
      .update(`${actor.memberId ?? ''}\n`)
      .update(compared)
      .digest(),
  };
}

/** Claims the key of a request for its run. Refuses when the first run still works, or when the key was used otherwise. */
export async function openIdempotencyKey(
  database: Database,
  workspaceId: string,
  request: { key: string | null; route: string; bodyHash: Buffer; staleAfterSeconds: number },
): Promise<KeyState> {
  const { key } = request;
  if (key === null) return { outcome: 'unused' };
  const claim = await database.inWorkspace(workspaceId, (tx) => claimIdempotencyKey(tx, { ...request, key }));
  switch (claim.outcome) {
    case 'claimed':
      return { outcome: 'held', held: { key, fence: claim.fence } };
    case 'stored':
      return { outcome: 'replay', status: claim.status, answer: claim.answer };
    case 'mismatch':
      throw new Refusal({
        code: 'idempotency.key_reused',
        message: 'This Idempotency-Key was already used for another request.',
        whatToDo: 'Use a new key for a new command.',
      });
    case 'in_flight':
      throw new Refusal({
        code: 'idempotency.in_flight',
        message: 'The first request with this Idempotency-Key is still being worked on.',
        whatToDo: 'Repeat in a moment to get its answer.',
        retryAfterSeconds: 1,
      });
  }
}

/** Taken over by a repeat, because this run took longer than the bound: roll back, the other one answers. */
export function claimLost(): Refusal {
  return new Refusal({
    code: 'idempotency.claim_lost',
    message: 'A repeat of this command took over while it ran; this run changed nothing.',
    whatToDo: 'Repeat with the same key to get the answer.',
    retryAfterSeconds: 1,
  });
}

/** Whether an answer is kept: a failure of ours, or one that asks to be repeated, must not be repeated from the store. */
export function isKept(status: number, retryAfterSeconds: number | null): boolean {
  return status < 500 && status !== 429 && retryAfterSeconds === null;
}
