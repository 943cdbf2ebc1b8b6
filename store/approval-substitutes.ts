/** Owns dated substitutes of approvers: who decides in whose place, and from which day to which. */
import { localDay } from '../domain/day.ts';
import { invalidField } from '../domain/refusal.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { rolesHolding } from './duties.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

export interface ApprovalSubstitute {
  id: string;
  memberId: string;
  substituteId: string;
  startsOn: Day;
  /** First day on which the member decides again. */
  endsBefore: Day;
  createdAt: Instant;
}

export const approvalSubstitutes = tenantTable<ApprovalSubstitute>('approval_substitutes', {
  memberId: 'plain',
  substituteId: 'plain',
  startsOn: 'plain',
  endsBefore: 'plain',
  createdAt: 'plain',
});

/** Refuses with 422 a substitute who could not decide: the place of another gives no right of its own. */
export async function insertSubstitute(
  tx: WorkspaceTx,
  values: NewRow<ApprovalSubstitute, 'memberId' | 'substituteId' | 'startsOn' | 'endsBefore'>,
): Promise<ApprovalSubstitute> {
  const able = await tx.row<{ id: string }>(
    `select id from members where workspace_id = $1 and id = $2 and status = 'active' and role = any($3::text[])`,
    [tx.workspaceId, values.substituteId, await rolesHolding(tx, 'tickets.approve')],
  );
  if (!able)
    throw invalidField(
      '/substituteId',
      'substitute.may_not_approve',
      'The substitute is no active member who may approve tickets.',
      'Choose somebody with the permission tickets.approve.',
    );
  return approvalSubstitutes.insert(tx, values);
}

/** Today in the workspace, by its own clock. */
async function today(tx: WorkspaceTx): Promise<Day> {
  const workspace = await getWorkspace(tx);
  return localDay(workspace.clockAt ?? new Date(), zoneOf(workspace));
}

/** The members in whose place this one decides today. */
export async function representedBy(tx: WorkspaceTx, memberId: string | null): Promise<Set<string>> {
  if (memberId === null) return new Set();
  const rows = await tx.rows<{ memberId: string }>(
    `select distinct member_id from approval_substitutes
     where workspace_id = $1 and substitute_id = $2 and starts_on <= $3 and $3 < ends_before`,
    [tx.workspaceId, memberId, await today(tx)],
  );
  return new Set(rows.map((row) => row.memberId));
}

/** Who decides in these members' place today, of those who may still decide at all. */
export async function substitutesOf(tx: WorkspaceTx, memberIds: readonly string[]): Promise<string[]> {
  if (memberIds.length === 0) return [];
  const rows = await tx.rows<{ substituteId: string }>(
    `select distinct s.substitute_id from approval_substitutes s
     join members m on m.workspace_id = $1 and m.id = s.substitute_id and m.role = any($4::text[])
     where s.workspace_id = $1 and s.member_id = any($2::uuid[]) and s.starts_on <= $3 and $3 < s.ends_before`,
    [tx.workspaceId, plainArray(memberIds), await today(tx), await rolesHolding(tx, 'tickets.approve')],
  );
  return rows.map((row) => row.substituteId);
}
