/** Owns who is asking: reading the API key of a request, and holding an actor to a route's permission. */
import { expandScopes, type Permission } from '../../domain/permissions.ts';
import { Refusal } from '../../domain/refusal.ts';
import { findApiKey, hashApiKey, noteApiKeyUse } from '../../store/api-keys.ts';
import type { Database } from '../../store/database.ts';

export interface Actor {
  /** As events name it: `member:<id>` where the key belongs to a person (BILLING §8), else `key:<id>`. */
  id: string;
  workspaceId: string;
  apiKeyId: string;
  memberId: string | null;
  name: string;
  permissions: ReadonlySet<Permission>;
}
/** Throws a 401 refusal when the header carries no valid key. */
export type Authenticate = (authorization: string | undefined) => Promise<Actor>;

const noteEveryMs = 60_000;
const maxRemembered = 1000;

/**
 * Keys are looked up by hash and remembered for `cacheMs`, so that a burst costs one look-up and a revoked key ends
 * within that time. Nothing is remembered of keys that were not found.
 */
export function createAuthenticator(
  database: Database,
  cacheMs: number,
  onNoteFailed: (error: unknown) => void,
): Authenticate {
  const remembered = new Map<string, { actor: Actor; untilMs: number }>();
  const notedAtMs = new Map<string, number>();

  const noteUse = (actor: Actor) => {
    const nowMs = Date.now();
    if (nowMs - (notedAtMs.get(actor.apiKeyId) ?? 0) < noteEveryMs) return;
    keep(notedAtMs, actor.apiKeyId, nowMs);
    // Not awaited: an answer must not wait for a time stamp.
    database.inWorkspace(actor.workspaceId, (tx) => noteApiKeyUse(tx, actor.apiKeyId)).catch(onNoteFailed);
  };

  return async (authorization) => {
    if (authorization === undefined) throw unauthorized('auth.missing', 'The request carries no API key.');
    const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    const hash = token === undefined ? null : hashApiKey(token);
    if (hash === null)
      throw unauthorized(
        'auth.malformed',
        'The Authorization header is not "Bearer slk_…" with a whole key.',
      );
    const cacheKey = hash.toString('base64');
    const known = remembered.get(cacheKey);
    if (known && known.untilMs > Date.now()) return known.actor;
    remembered.delete(cacheKey);
    const key = await database.inSystem((tx) => findApiKey(tx, hash));
    if (!key) throw unauthorized('auth.invalid', 'This API key does not exist, has expired or was revoked.');
    const actor: Actor = {
      id: key.memberId ? `member:${key.memberId}` : `key:${key.id}`,
      workspaceId: key.workspaceId,
      apiKeyId: key.id,
      memberId: key.memberId,
      name: key.name,
      permissions: expandScopes(key.scopes),
    };
    keep(remembered, cacheKey, { actor, untilMs: Date.now() + cacheMs });
    noteUse(actor);
    return actor;
  };
}

/** Refuses with 403 when the actor lacks the permission. */
export function requirePermission(actor: Actor, permission: Permission): void {
  if (actor.permissions.has(permission)) return;
  throw new Refusal({
    code: 'auth.permission_missing',
    status: 403,
    message: `This needs the permission ${permission}, which the key "${actor.name}" does not have.`,
    whatToDo: 'Use a key with that scope, or ask an admin for one.',
    details: { permission },
  });
}

function unauthorized(code: string, message: string): Refusal {
  return new Refusal({ code, status: 401, message, whatToDo: 'Send "Authorization: Bearer slk_…".' });
}

/** Sets and drops the oldest beyond the bound. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  const oldest = map.size > maxRemembered ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}
