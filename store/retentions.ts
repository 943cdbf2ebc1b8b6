/** Owns what clients hold back of invoices until the work is complete: receivable, but not due before it is released. */
import type { Day, DecimalText } from '../domain/work-entry.ts';
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
