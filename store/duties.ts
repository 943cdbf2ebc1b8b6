/** Owns what keeping duties apart asks of the workspace: its settings, who else could decide, and the duties report. */
import { type Conflict, type Doer, type DutyRule, fourEyesFrom } from '../domain/duties.ts';
import { type Permission, type Role, roleScopes, roles, toGrants } from '../domain/permissions.ts';
import type { DecimalText, Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { getWorkspace } from './workspaces.ts';

/** The roles that hold a permission for all rows here: the workspace's own bundles before the defaults. */
export async function rolesHolding(tx: WorkspaceTx, permission: Permission): Promise<Role[]> {
  const changed = await tx.rows<{ role: Role; scopes: string[] }>(
    'select role, scopes from role_permissions where workspace_id = $1',
    [tx.workspaceId],
  );
  const scopesOf = new Map(changed.map((row) => [row.role, row.scopes]));
  return roles.filter((role) => toGrants(scopesOf.get(role) ?? roleScopes[role]).permissions.has(permission));
}

/** Who decides on what is owed counts for finance. */
const financePermission: Permission = 'contractor_invoices.approve';

/**
 * Four eyes by the setting `fourEyes`, else from three members of finance on; alone is who has nobody beside them with the
 * permission. Keys of no member count for nobody.
 */
export async function dutyRule(tx: WorkspaceTx, permission: Permission, doer: Doer): Promise<DutyRule> {
  const able = await tx.row<{ finance: number; others: number }>(
    `select count(*) filter (where role = any($2::text[]))::int as finance,
       count(*) filter (where role = any($3::text[]) and id is distinct from $4)::int as others
     from members where workspace_id = $1 and status = 'active'`,
    [
      tx.workspaceId,
      await rolesHolding(tx, financePermission),
      await rolesHolding(tx, permission),
      doer.memberId,
    ],
  );
  const { settings } = await getWorkspace(tx);
  const fourEyes =
    typeof settings.fourEyes === 'boolean' ? settings.fourEyes : (able?.finance ?? 0) >= fourEyesFrom;
  return { fourEyes, alone: (doer.role === 'admin' || doer.role === null) && able?.others === 0 };
}

/** Setting `approvalLimits`: currency → the amount up to which whoever is no admin decides. */
export async function approvalLimits(tx: WorkspaceTx): Promise<Record<string, DecimalText>> {
  const { settings } = await getWorkspace(tx);
  return (settings.approvalLimits ?? {}) as Record<string, DecimalText>;
}

/** Somebody decided alone on what they had a hand in: with the reason, for the duties report. */
export async function recordDutyExceptions(
  tx: WorkspaceTx,
  doer: Doer,
  subject: { type: string; id: string; action: string },
  conflicts: readonly Conflict[],
  reason: string | null,
): Promise<void> {
  if (conflicts.length === 0) return;
  await tx.run(
    `insert into duty_exceptions (workspace_id, action, subject_type, subject_id, actor, member_id, reason)
     select $1, c, $3, $4, $5, $6, $7 from unnest($2::text[]) as c`,
    [
      tx.workspaceId,
      conflicts.map((conflict) => `${subject.action}: ${conflict.code}`),
      subject.type,
      subject.id,
      doer.id,
      doer.memberId,
      reason,
    ],
  );
}

export interface DutyException {
  id: string;
  action: string;
  subjectType: string;
  subjectId: string;
  actor: string;
  reason: string;
  createdAt: Instant;
}
/** The duties report, newest first. */
export function listDutyExceptions(
  tx: WorkspaceTx,
  page: { after: string | null; limit: number },
): Promise<DutyException[]> {
  return tx.rows<DutyException>(
    `select id, action, subject_type, subject_id, actor, reason, created_at from duty_exceptions
     where workspace_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`,
    [tx.workspaceId, page.after, page.limit],
  );
}
