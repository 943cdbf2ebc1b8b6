/** Owns which contracts a run covers, and what a run needs to know of each. */
import type { ApprovalPolicy } from '../domain/approval.ts';
import type { Grouping } from '../domain/grouping/group-keys.ts';
import type { Rounding } from '../domain/money.ts';
import type { RuleSetting } from '../domain/validation/rule.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

export interface ContractForBilling {
  id: string;
  clientId: string;
  sellerId: string;
  currency: string;
  zone: string;
  startsOn: Day;
  endsBefore: Day | null;
  goLiveOn: Day;
  approvalPolicy: ApprovalPolicy;
  grouping: Grouping;
  rounding: Rounding;
  severities: Record<string, RuleSetting>;
  projects: { id: string; billable: boolean }[];
}

export type RunScope = { type: 'contract' | 'client' | 'project' | 'workspace'; id: string };

/** Active contracts (or of these statuses) with the projects of them that the scope covers; contracts without one are left out. */
export async function contractsInScope(
  tx: WorkspaceTx,
  scope: RunScope,
  statuses: readonly string[] = ['active'],
): Promise<ContractForBilling[]> {
  return tx.rows<ContractForBilling>(
    `select c.id, c.client_id, c.seller_id, c.currency, c.zone, c.starts_on, c.ends_before, c.go_live_on, c.approval_policy, c.grouping,
       c.rounding, c.severities, jsonb_agg(jsonb_build_object('id', p.id, 'billable', p.billable) order by p.id) as projects
     from contracts c join projects p on p.workspace_id = c.workspace_id and p.contract_id = c.id
     where c.workspace_id = $1 and c.status = any($4::text[])
       and case $2 when 'contract' then c.id = $3 when 'client' then c.client_id = $3 when 'project' then p.id = $3 else true end
     group by c.workspace_id, c.id order by c.id`,
    [tx.workspaceId, scope.type, scope.id, plainArray(statuses)],
  );
}
