/** Owns what each role may do in a workspace: the default bundle, or the one that an admin has set. */
import { type Role, roleScopes, roles, type Scope } from '../domain/permissions.ts';
import type { WorkspaceTx } from './database.ts';

export interface RoleBundle {
  role: Role;
  scopes: readonly string[];
  /** False once an admin has changed it. */
  isDefault: boolean;
}

/** All roles. */
export async function readRoles(tx: WorkspaceTx): Promise<RoleBundle[]> {
  const rows = await tx.rows<{ role: Role; scopes: string[] }>(
    'select role, scopes from role_permissions where workspace_id = $1',
    [tx.workspaceId],
  );
  const changed = new Map(rows.map(({ role, scopes }) => [role, scopes]));
  return roles.map((role) => ({
    role,
    scopes: changed.get(role) ?? roleScopes[role],
    isDefault: !changed.has(role),
  }));
}

export async function readRole(tx: WorkspaceTx, role: Role): Promise<RoleBundle> {
  const row = await tx.row<{ scopes: string[] }>(
    'select scopes from role_permissions where workspace_id = $1 and role = $2',
    [tx.workspaceId, role],
  );
  return { role, scopes: row?.scopes ?? roleScopes[role], isDefault: row === null };
}

/** Null: the default again. */
export async function writeRole(tx: WorkspaceTx, role: Role, scopes: readonly Scope[] | null): Promise<void> {
  if (scopes === null) {
    await tx.run('delete from role_permissions where workspace_id = $1 and role = $2', [
      tx.workspaceId,
      role,
    ]);
    return;
  }
  await tx.run(
    `insert into role_permissions (workspace_id, role, scopes) values ($1, $2, $3)
     on conflict (workspace_id, role) do update set scopes = excluded.scopes, updated_at = now()`,
    [tx.workspaceId, role, scopes],
  );
}
