/** Owns what clients hold back of invoices until the work is complete: receivable, but not due before it is released. */
import { isProjectOpen, projectStatuses } from '../domain/project.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

export interface Retention {
  id: string;
  invoiceId: string;
  number: string;
  /** Net, in the contract's currency. */
  amount: DecimalText;
  /** Null while it is held. */
  releasedAt: string | null;
  /** The seller's day from which it is due. */
  releaseOn: Day | null;
}

const maxRetentions = 5_000;

/** Oldest first. */
export function listRetentions(tx: WorkspaceTx, contractId: string): Promise<Retention[]> {
  return tx.rows<Retention>(
    `select r.id, r.invoice_id, i.number, r.amount, r.released_at, r.release_on from client_invoices i
     join retentions r on r.workspace_id = $1 and r.invoice_id = i.id
     where i.workspace_id = $1 and i.contract_id = $2 order by r.id limit $3`,
    [tx.workspaceId, contractId, maxRetentions],
  );
}

/** Releases all that is still held of the contract, due from the day. Answers what was released; a repeat finds nothing. */
export function releaseRetentions(
  tx: WorkspaceTx,
  contractId: string,
  releaseOn: Day,
): Promise<{ id: string; amount: DecimalText }[]> {
  return tx.rows(
    `update retentions r set released_at = now(), release_on = $3 from client_invoices i
     where r.workspace_id = $1 and r.released_at is null and i.workspace_id = $1 and i.id = r.invoice_id and i.contract_id = $2
     returning r.id, r.amount`,
    [tx.workspaceId, contractId, releaseOn],
  );
}

/**
 * Releases what is held of the contract's invoices whose work is complete to the last item: of completed projects or phases; what
 * names no project is complete with the last of them. Answers what was released; a repeat finds nothing.
 */
export function releaseComplete(
  tx: WorkspaceTx,
  contractId: string,
  releaseOn: Day,
): Promise<{ id: string; amount: DecimalText }[]> {
  return tx.rows(
    `with held as materialized (
       select r.id, r.invoice_id from client_invoices i
       join retentions r on r.workspace_id = $1 and r.invoice_id = i.id and r.released_at is null
       where i.workspace_id = $1 and i.contract_id = $2),
     open as (select exists (select from projects p where p.workspace_id = $1 and p.contract_id = $2 and p.status = any($4::text[])) as projects)
     update retentions r set released_at = now(), release_on = $3 from held h cross join open o
     where r.workspace_id = $1 and r.id = h.id and r.released_at is null and not exists (
       select from allocations a
       join billable_items b on b.workspace_id = $1 and b.id = a.item_id
       left join projects p on p.workspace_id = $1 and p.id = b.project_id
       left join phases f on f.workspace_id = $1 and f.id = b.phase_id
       where a.workspace_id = $1 and a.invoice_id = h.invoice_id and coalesce(f.status, 'open') = 'open'
         and case when p.id is null then o.projects else p.status = any($4::text[]) end)
       -- Of books before this one nothing says which work it was.
       and (not o.projects or exists (select from allocations a where a.workspace_id = $1 and a.invoice_id = h.invoice_id))
     returning r.id, r.amount`,
    [tx.workspaceId, contractId, releaseOn, plainArray(projectStatuses.filter(isProjectOpen))],
  );
}
