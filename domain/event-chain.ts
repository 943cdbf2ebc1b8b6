/** Owns the canonical form of a numbered event and the hash that chains it to the one before it. */
import { createHash } from 'node:crypto';

/** A numbered event, as the hash covers it. Instants are UTC text with microseconds: `2026-01-31T08:00:00.123456Z`. */
export interface ChainedEvent {
  seq: number;
  id: string;
  at: string;
  /** The sandbox's own time; null in a live workspace. */
  sandboxAt: string | null;
  actor: string;
  type: string;
  subject: { type: string; id: string | null };
  permission: string;
  payload: unknown;
  /** What was and what is, as far as it differs; null where nothing was or is. */
  before: unknown;
  after: unknown;
  /** Where from. */
  origin: unknown;
  /** Personal fields of all of these, as ciphertext: whoever is forgotten takes nothing out of the chain. */
  personal: unknown;
}

/**
 * JSON with the keys of every object sorted by UTF-16 code unit and no white space (the form of RFC 8785), so that the
 * same value gives the same bytes after a way through jsonb, which keeps no key order.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
    const fields = part as Record<string, unknown>;
    const sorted: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const key of Object.keys(fields).sort()) sorted[key] = fields[key];
    return sorted;
  });
}

/** What the first event of a workspace is chained to; it differs by workspace, so no chain fits another. */
export function genesisHash(workspaceId: string): Uint8Array {
  return createHash('sha256').update(workspaceId).digest();
}

/** What the hash of an event covers: an export holds exactly this, so that anybody can compute it again. */
export function coveredByHash(event: ChainedEvent): Record<string, unknown> {
  // Named one by one: whatever else the row carries is not part of what the hash promises.
  const { seq, id, at, sandboxAt, actor, type, subject, permission, payload } = event;
  const covered: Record<string, unknown> = {
    seq,
    id,
    at,
    sandboxAt,
    actor,
    type,
    subject,
    permission,
    payload,
  };
  // What is not there is left out: events from before there was such a field keep their hash.
  for (const field of ['before', 'after', 'origin', 'personal'] as const)
    if (event[field] !== null) covered[field] = event[field];
  return covered;
}

/** sha256(previous hash ‖ canonical JSON of the event). */
export function chainHash(previous: Uint8Array, event: ChainedEvent): Uint8Array {
  return createHash('sha256')
    .update(previous)
    .update(canonicalJson(coveredByHash(event)))
    .digest();
}
