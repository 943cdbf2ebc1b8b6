/** Owns workspaces: the tenants, each made together with its first admin key. */
import type { Instant } from '../domain/work-entry.ts';
import { createApiKey, hasUsableApiKey } from './api-keys.ts';
import type { Database, WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';

export interface Workspace {
  id: string;
  name: string;
  kind: 'live' | 'sandbox';
  /** A sandbox's own clock; null: the real one. */
  clockAt: string | null;
  settings: Record<string, unknown>;
  createdAt: string;
}

const columns = 'id, name, kind, clock_at, settings, created_at';

/**
 * Makes a workspace and its first admin API key. Two transactions, since no role may write both tables: should the
 * second one fail, repeat with the same `id`; that finds the workspace and makes a key. `clockAt` begins the clock of a
 * sandbox.
 */
export async function createWorkspace(
  database: Database,
  input: { id?: string; name: string; kind?: Workspace['kind']; clockAt?: Instant; keyName?: string },
): Promise<{ workspace: Workspace; key: string }> {
  const id = input.id ?? newId();
  await database.inSystem((tx) =>
    tx.run(
      'insert into workspaces (id, name, kind, clock_at) values ($1, $2, $3, $4) on conflict (id) do nothing',
      [id, input.name, input.kind ?? 'live', input.clockAt ?? null],
    ),
  );
  return database.inWorkspace(id, async (tx) => {
    const { key } = await createApiKey(tx, { name: input.keyName ?? adminKeyName, scopes: ['*'] });
    return { workspace: await getWorkspace(tx), key };
  });
}

const adminKeyName = 'first admin key';

/**
 * Makes an admin key for each workspace that has no usable key, and the first workspace where there is none: a hub that
 * was killed before it could show its first key can still be entered. Answers the keys made, to be shown once; processes
 * that start together take turns, so that one of them makes them.
 */
export function openEntrances(database: Database): Promise<{ workspace: Workspace; key: string }[]> {
  return database.inSystem(async (tx) => {
    await tx.run(`select pg_advisory_xact_lock(hashtextextended('slipway.entrances', 0))`);
    const workspaces = await listWorkspaces(database);
    if (workspaces.length === 0) return [await createWorkspace(database, { name: 'My workspace' })];
    const made: { workspace: Workspace; key: string }[] = [];
    for (const workspace of workspaces) {
      const key = await database.inWorkspace(workspace.id, async (own) =>
        (await hasUsableApiKey(own))
          ? null
          : (await createApiKey(own, { name: adminKeyName, scopes: ['*'] })).key,
      );
      if (key !== null) made.push({ workspace, key });
    }
    return made;
  });
}

/** Every workspace, oldest first, for the command line. */
export function listWorkspaces(database: Database, limit = 1000): Promise<Workspace[]> {
  return database.inSystem((tx) =>
    tx.rows<Workspace>(`select ${columns} from workspaces order by id limit $1`, [limit]),
  );
}

export async function getWorkspace(tx: WorkspaceTx, lock: '' | 'for no key update' = ''): Promise<Workspace> {
  const row = await tx.row<Workspace>(`select ${columns} from workspaces where id = $1 ${lock}`, [
    tx.workspaceId,
  ]);
  if (!row) throw new Error(`workspace ${tx.workspaceId} does not exist`);
  return row;
}

/** IANA zone of the workspace's days; UTC until one is set. */
export function zoneOf({ settings }: Pick<Workspace, 'settings'>): string {
  return typeof settings.zone === 'string' ? settings.zone : 'UTC';
}

/** Currency of what is made on the way, where nothing else names one; US dollars until one is set. */
export function currencyOf({ settings }: Pick<Workspace, 'settings'>): string {
  return typeof settings.currency === 'string' ? settings.currency : 'USD';
}

/** What time it is in the workspace: the real time, or a sandbox's own. */
export async function workspaceNow(tx: WorkspaceTx): Promise<Instant> {
  const workspace = await getWorkspace(tx);
  return workspace.clockAt ?? new Date().toISOString();
}

/** Changes the name, and the named settings; a setting of null is removed. */
export async function updateWorkspace(
  tx: WorkspaceTx,
  change: { name?: string | undefined; settings?: Record<string, unknown> | undefined },
): Promise<Workspace> {
  await tx.run(
    `update workspaces set name = coalesce($2, name), settings = jsonb_strip_nulls(settings || $3::jsonb)
     where id = $1`,
    [tx.workspaceId, change.name ?? null, JSON.stringify(change.settings ?? {})],
  );
  return getWorkspace(tx);
}
