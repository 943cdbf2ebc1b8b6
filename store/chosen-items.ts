/** Owns runs over items that a person chose: which contracts they are of, and asking for such a run once. */
import type { Grouping } from '../domain/grouping/group-keys.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { ContractForBilling, RunScope } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { type FinishAt, type Run, readRun, requestRun } from './runs.ts';

/** More than these are drafted by their scope, or in several runs. */
export const mostChosenItems = 10_000;

/** Those of the contracts that the items are of. */
export async function contractsOfItems(
  tx: WorkspaceTx,
  contracts: readonly ContractForBilling[],
  itemIds: readonly string[],
): Promise<ContractForBilling[]> {
  const rows = await tx.rows<{ contractId: string }>(
    'select distinct contract_id from billable_items where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(itemIds)],
  );
  const wanted = new Set(rows.map((row) => row.contractId));
  return contracts.filter((contract) => wanted.has(contract.id));
}

/** Refuses with 422 ids of items that this workspace does not have. */
export async function requireItems(tx: WorkspaceTx, itemIds: readonly string[]): Promise<void> {
  const missing = await tx.rows<{ id: string }>(
    `select u.id from (select distinct * from unnest($2::uuid[]) as u(id)) u
     where not exists (select from billable_items i where i.workspace_id = $1 and i.id = u.id) order by 1 limit 20`,
    [tx.workspaceId, plainArray(itemIds)],
  );
  if (missing.length === 0) return;
  throw new Refusal({
    code: 'reference.unknown',
    status: 422,
    message: 'Some of these items are not in this workspace.',
    whatToDo: 'Take ids of GET /billable-items.',
    errors: [{ pointer: '/itemIds', detail: 'There is no item with one of these ids in this workspace.' }],
    details: { missing: missing.map(({ id }) => id) },
  });
}

export interface WantedDrafts {
  scope: RunScope;
  pulledBy: string;
  reason: string;
  cutoffOn: Day;
  finishAt: FinishAt;
  /** Null: all that is open. */
  itemIds: readonly string[] | null;
  grouping: Grouping | null;
  /** Of its invoices; null: as contract or client have them. */
  paymentTermsId: string | null;
  /** The run that is asked for again. */
  againOf?: string | null;
  askedByMember?: string | null;
}

/** The run by hand that is under way already for the same: a double click is one. Holds off others that ask, to the commit. */
export async function findSameDrafts(tx: WorkspaceTx, wanted: WantedDrafts): Promise<Run | null> {
  const itemIds = inOrder(wanted.itemIds);
  await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 6))', [tx.workspaceId]);
  const same = await tx.row<{ id: string }>(
    `select id from runs
     where workspace_id = $1 and status in ('queued', 'running') and trigger = 'by_hand' and not cancel_requested and finish_at = $2
       and scope_type = $3 and scope_id = $4 and cutoff_on = $5 and item_ids is not distinct from $6::uuid[]
       and grouping is not distinct from $7::jsonb and payment_terms_id is not distinct from $9::uuid and pulled_by = $8 and task_ids is null and again_of is not distinct from $10 order by id limit 1`,
    [
      tx.workspaceId,
      wanted.finishAt,
      wanted.scope.type,
      wanted.scope.id,
      wanted.cutoffOn,
      itemIds === null ? null : plainArray(itemIds),
      wanted.grouping === null ? null : JSON.stringify(wanted.grouping),
      wanted.pulledBy,
      wanted.paymentTermsId,
      wanted.againOf ?? null,
    ],
  );
  return same && readRun(tx, same.id);
}

/** A run by hand of what is wanted. Refuses with 422 items that are not here. */
export async function requestDrafts(
  tx: WorkspaceTx,
  wanted: WantedDrafts & { approval?: 'asked' | 'approved' },
): Promise<Run> {
  const itemIds = inOrder(wanted.itemIds);
  if (itemIds) await requireItems(tx, itemIds);
  return requestRun(tx, { ...wanted, itemIds, trigger: 'by_hand' });
}

const inOrder = (itemIds: readonly string[] | null) =>
  itemIds === null ? null : [...new Set(itemIds)].sort();
