/** Owns which kinds of terms a workspace has at all, so that a run does not look for the others contract by contract. */
import type { WorkspaceTx } from './database.ts';

export interface TermsInUse {
  markups: boolean;
  priceLists: boolean;
  /** Mileage clauses of clients. */
  mileage: boolean;
  /** Connections whose rates price. */
  pricingSources: boolean;
  budgets: boolean;
  purchaseOrders: boolean;
}

/** Of one contract: everything is looked for. */
export const anyTerms: TermsInUse = {
  markups: true,
  priceLists: true,
  mileage: true,
  pricingSources: true,
  budgets: true,
  purchaseOrders: true,
};

/** Once a run: what a workspace begins to use while it compiles counts from its next run on. */
export async function readTermsInUse(tx: WorkspaceTx): Promise<TermsInUse> {
  const row = await tx.row<TermsInUse>(
    `select exists (select from markups where workspace_id = $1) as markups,
       exists (select from price_lists where workspace_id = $1) as price_lists,
       exists (select from mileage_clauses where workspace_id = $1 and scope_type = 'client') as mileage,
       exists (select from connections where workspace_id = $1 and ownership ->> 'prices' = 'true') as pricing_sources,
       exists (select from projects where workspace_id = $1 and (budget_amount is not null or budget_seconds is not null)) as budgets,
       exists (select from purchase_orders where workspace_id = $1) as purchase_orders`,
    [tx.workspaceId],
  );
  return row!;
}
