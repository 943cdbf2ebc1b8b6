/** Owns who is asking: by API key or by session, and holding an actor to a route's permission. */
import type { Request } from 'express';
import {
  type Grants,
  type Permission,
  type Role,
  roleScopes,
  toGrants,
  withinBoth,
} from '../../domain/permissions.ts';
import { Refusal } from '../../domain/refusal.ts';
import { findApiKey, hashApiKey, type KnownApiKey, noteApiKeyUse } from '../../store/api-keys.ts';
import type { Database } from '../../store/database.ts';
import { findMembersOfUser, type UserMember } from '../../store/members.ts';
import type { SignedIn, SignIn } from '../auth/sign-in.ts';

/** `permissions` hold for all rows of the workspace, `ownPermissions` only for those that `ownOnly` names. */
export interface Actor extends Grants {
  /** As events name it: `member:<id>`, also where a key belongs to a person (BILLING §8), else `key:<id>`. */
  id: string;
  workspaceId: string;
  /** Null: by session. */
  apiKeyId: string | null;
  memberId: string | null;
  /** The member's; null for a key of no member. */
  role: Role | null;
  /** Whose entries, tickets and invoices are their own. */
  personId: string | null;
  /** Of a client's member: whose documents are their own. */
  clientId: string | null;
  name: string;
  /** By session: all workspaces that it may enter. */
  workspaces: readonly { id: string; name: string }[] | null;
}
/** Throws a 401 refusal when the request carries neither a valid key nor a session, and 403 where a session has no place. */
export type Authenticate = (request: Request) => Promise<Actor>;

const noteEveryMs = 60_000;
const maxRemembered = 1000;

/** An Authorization header decides, where there is one; else the session of the cookies. */
export function createAuthenticator(
  database: Database,
  signIn: SignIn,
  cacheMs: number,
  onNoteFailed: (error: unknown) => void,
): Authenticate {
  const byKey = keyReader(database, cacheMs, onNoteFailed);
  return async (request) => {
    const authorization = request.get('authorization');
    if (authorization !== undefined) return byKey(authorization);
    const user = request.headers.cookie === undefined ? null : await signIn.signedIn(request.headers);
    if (user === null)
      throw unauthorized('auth.missing', 'The request carries neither an API key nor a session.');
    requireOwnPage(request, signIn);
    const found = await database.inSystem((tx) => findMembersOfUser(tx, user.userId));
    const workspaces = found.map((one) => ({ id: one.workspaceId, name: one.workspaceName }));
    return { ...actorOfSession(user, chooseMember(found, request.get(workspaceHeader))), workspaces };
  };
}

const workspaceHeader = 'x-slipway-workspace';

/**
 * A cookie comes along with requests that other sites make, so a command by session must come from a page of ours: our
 * Origin, or the browser's word that the page is of the same origin.
 */
export function requireOwnPage(request: Request, signIn: SignIn): void {
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) return;
  if (request.get('sec-fetch-site') === 'same-origin') return;
  const origin = request.get('origin');
  if (origin !== undefined && signIn.isOwnOrigin(origin)) return;
  throw new Refusal({
    code: 'auth.cross_site',
    status: 403,
    message: 'A command by session must come from a page of this hub.',
    whatToDo: 'Programs use an API key instead of a session.',
  });
}

function chooseMember(found: UserMember[], wanted: string | undefined): UserMember {
  const only = found.length === 1 ? found[0] : undefined;
  const chosen = wanted === undefined ? only : found.find(({ workspaceId }) => workspaceId === wanted);
  if (chosen) return chosen;
  if (wanted === undefined && found.length > 1)
    throw new Refusal({
      code: 'auth.workspace_required',
      status: 400,
      message: 'You are a member of several workspaces.',
      whatToDo: 'Name one in the header X-Slipway-Workspace.',
      details: {
        workspaces: found.map(({ workspaceId, workspaceName }) => ({
          id: workspaceId,
          name: workspaceName,
        })),
      },
    });
  throw new Refusal({
    code: 'auth.no_membership',
    status: 403,
    message: 'You are signed in, but not an active member of this workspace.',
    whatToDo: 'Ask its admin for an invitation.',
  });
}

function actorOfSession(user: SignedIn, member: UserMember): Omit<Actor, 'workspaces'> {
  const { workspaceId, memberId, role, personId, clientId } = member;
  const grants = toGrants(member.roleScopes ?? roleScopes[role]);
  const id = `member:${memberId}`;
  return { id, workspaceId, apiKeyId: null, memberId, role, personId, clientId, name: user.name, ...grants };
}

/**
 * Keys are looked up by hash. Those of no member are remembered for `cacheMs`, so that a burst costs one look-up and a
 * revoked key ends within that time. Nothing is remembered of keys that were not found.
 */
function keyReader(database: Database, cacheMs: number, onNoteFailed: (error: unknown) => void) {
  const remembered = new Map<string, { actor: Actor; untilMs: number }>();
  const notedAtMs = new Map<string, number>();

  const noteUse = ({ workspaceId }: Actor, apiKeyId: string) => {
    const nowMs = Date.now();
    if (nowMs - (notedAtMs.get(apiKeyId) ?? 0) < noteEveryMs) return;
    keep(notedAtMs, apiKeyId, nowMs);
    // Not awaited: an answer must not wait for a time stamp.
    database.inWorkspace(workspaceId, (tx) => noteApiKeyUse(tx, apiKeyId)).catch(onNoteFailed);
  };

  return async (authorization: string): Promise<Actor> => {
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
    const key = await database.inSystem((tx) => findApiKey(tx, hash), 'kept');
    if (!key) throw unauthorized('auth.invalid', 'This API key does not exist, has expired or was revoked.');
    const actor = actorOfKey(key);
    // A member who is suspended, or whose role loses a right, loses it at once: what hangs on a member is asked each time.
    if (actor.memberId === null) keep(remembered, cacheKey, { actor, untilMs: Date.now() + cacheMs });
    noteUse(actor, key.id);
    return actor;
  };
}

function actorOfKey(key: KnownApiKey): Actor {
  const { workspaceId, memberId, role, personId, clientId, name } = key;
  const scoped = toGrants(key.scopes);
  // A key never does more than the member whom it counts as.
  const grants = role === null ? scoped : withinBoth(scoped, toGrants(key.roleScopes ?? roleScopes[role]));
  const id = memberId === null ? `key:${key.id}` : `member:${memberId}`;
  const workspaces = null;
  return {
    id,
    workspaceId,
    apiKeyId: key.id,
    memberId,
    role,
    personId,
    clientId,
    name,
    workspaces,
    ...grants,
  };
}

/** Whether the actor holds the permission; with `own`, for their own rows at least. */
export function holdsPermission(actor: Actor, permission: Permission, own: boolean): boolean {
  return actor.permissions.has(permission) || (own && actor.ownPermissions.has(permission));
}

/** Refuses with 403 when the actor lacks the permission; with `own`, one for own rows is enough. */
export function requirePermission(actor: Actor, permission: Permission, own = false): void {
  if (holdsPermission(actor, permission, own)) return;
  const lacking = actor.ownPermissions.has(permission) ? 'has for own rows only' : 'does not have';
  throw new Refusal({
    code: 'auth.permission_missing',
    status: 403,
    message: `This needs the permission ${permission}, which "${actor.name}" ${lacking}.`,
    whatToDo: 'Ask an admin for that permission, or use a key with that scope.',
    details: { permission },
  });
}

/** Whose rows an actor is restricted to: a person's, or for a client's member a client's. The other one is null. */
export interface OwnRows {
  personId: string | null;
  clientId: string | null;
}

/**
 * For handlers of routes with `own: true`: null when the actor may do this to all rows, else whose rows theirs are. What
 * belongs to somebody else is then answered like what does not exist. Refuses with 403 an actor who is nobody.
 */
export function ownOnly(actor: Actor, permission: Permission): OwnRows | null {
  if (actor.permissions.has(permission)) return null;
  const { role, personId, clientId } = actor;
  const own = role === 'client' ? { personId: null, clientId } : { personId, clientId: null };
  if (own.personId === null && own.clientId === null) throw nobody(actor, permission);
  return own;
}

/** Like `ownOnly`, of rows that belong to people: null for all rows. A client's member has none, and is refused. */
export function ownPerson(actor: Actor, permission: Permission): string | null {
  const own = ownOnly(actor, permission);
  if (own !== null && own.personId === null) throw nobody(actor, permission);
  return own?.personId ?? null;
}

/**
 * For lists that may be asked for one person's rows: whose rows to list, undefined for everybody's. Null where the actor has
 * own rows only and asks for somebody else's: they get what there is of them, which is nothing.
 */
export function listedPerson(
  actor: Actor,
  permission: Permission,
  asked: string | undefined,
): { personId: string | undefined } | null {
  const own = ownPerson(actor, permission);
  if (own === null) return { personId: asked };
  return asked === undefined || asked === own ? { personId: own } : null;
}

/** Like `ownOnly`, of rows that belong to clients: null for all rows. Who is no client's member is refused. */
export function ownClient(actor: Actor, permission: Permission): string | null {
  const own = ownOnly(actor, permission);
  if (own !== null && own.clientId === null) throw nobody(actor, permission);
  return own?.clientId ?? null;
}

const nobody = (actor: Actor, permission: Permission) =>
  new Refusal({
    code: 'auth.no_own_rows',
    status: 403,
    message: `"${actor.name}" has ${permission} for own rows only, but belongs to nobody who could have such.`,
    whatToDo: 'An admin links the member to a person or client.',
    details: { permission },
  });

function unauthorized(code: string, message: string): Refusal {
  return new Refusal({
    code,
    status: 401,
    message,
    whatToDo: 'Send "Authorization: Bearer slk_…", or sign in.',
  });
}

/** Sets and drops the oldest beyond the bound. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  const oldest = map.size > maxRemembered ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}
