/** Owns why the purchase order of a contract keeps an invoice from being issued: it is missing, or does not cover it. */

import { termsAt } from '../domain/contract-terms.ts';
import { Decimal } from '../domain/money.ts';
import { missingOrder, type OrderedWork, whyNotCovered } from '../domain/purchase-order.ts';
import { purchaseOrderUsedUp } from '../domain/validation/purchase-order.ts';
import type { RuleSettings } from '../domain/validation/rule.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { readTimelines } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { usedOfOrder } from './purchase-orders.ts';

interface OrderedDraft {
  id: string;
  contractId: string;
  currency: string;
  net: DecimalText;
  serviceFrom: Day;
  serviceTo: Day;
  severitiesFrom: RuleSettings;
  severitiesTo: RuleSettings;
  purchaseOrderId: string | null;
}

/** The orders that the drafts are on, each once. */
export const ordersOf = (drafts: readonly OrderedDraft[]): string[] => [
  ...new Set(drafts.flatMap(({ purchaseOrderId }) => purchaseOrderId ?? [])),
];

/** Holds the orders to the commit, so that two blocks at once do not both spend what is left. Series are locked after them. */
export async function holdOrders(tx: WorkspaceTx, drafts: readonly OrderedDraft[]): Promise<void> {
  const ids = ordersOf(drafts);
  if (ids.length === 0) return;
  await tx.run(
    'select 1 from purchase_orders where workspace_id = $1 and id = any($2::uuid[]) order by id for no key update',
    [tx.workspaceId, plainArray(ids)],
  );
}

/** By invoice why its order does not pay for it. The caller holds the orders; the earlier invoices of a block come first. */
export async function orderReasons(
  tx: WorkspaceTx,
  drafts: readonly OrderedDraft[],
): Promise<Map<string, string[]>> {
  const reasons = await missingOrders(
    tx,
    drafts.filter((draft) => draft.purchaseOrderId === null),
  );
  const ids = ordersOf(drafts);
  if (ids.length === 0) return reasons;
  const orders = await tx.rows<OrderedWork & { id: string }>(
    `select o.id, o.number, o.status, o.currency, o.limit_amount, o.valid_from, o.valid_to, ${usedOfOrder} as used
     from purchase_orders o where o.workspace_id = $1 and o.id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(ids)],
  );
  const byId = new Map(orders.map((order) => [order.id, order]));
  for (const draft of drafts) {
    if (draft.purchaseOrderId === null) continue;
    const order = byId.get(draft.purchaseOrderId)!;
    const why = whyNotCovered(order, draft);
    if (why === null) order.used = new Decimal(order.used).plus(draft.net).toFixed();
    else reasons.set(draft.id, [why]);
  }
  return reasons;
}

/** As in the priced pass of a run, for what no entry is behind (fees, milestones) and for what changed since the draft. */
async function missingOrders(
  tx: WorkspaceTx,
  drafts: readonly OrderedDraft[],
): Promise<Map<string, string[]>> {
  const reasons = new Map<string, string[]>();
  if (drafts.length === 0) return reasons;
  const asking = await tx.rows<{ id: string }>(
    `select k.id from contracts k where k.workspace_id = $1 and k.id = any($2::uuid[])
       and (k.clauses @> '{"purchaseOrderRequired": true}' or exists (
         select from contract_versions v
         where v.workspace_id = $1 and v.contract_id = k.id and v.clauses @> '{"purchaseOrderRequired": true}'))`,
    [tx.workspaceId, plainArray([...new Set(drafts.map(({ contractId }) => contractId))])],
  );
  if (asking.length === 0) return reasons;
  const timelines = await readTimelines(
    tx,
    asking.map(({ id }) => id),
  );
  for (const draft of drafts) {
    const timeline = timelines.get(draft.contractId);
    if (!timeline) continue;
    const asks = (day: Day, severities: RuleSettings) =>
      termsAt(timeline, day).purchaseOrderRequired &&
      (severities[purchaseOrderUsedUp.code] ?? purchaseOrderUsedUp.severity) === 'E';
    if (asks(draft.serviceFrom, draft.severitiesFrom) || asks(draft.serviceTo, draft.severitiesTo))
      reasons.set(draft.id, [missingOrder]);
  }
  return reasons;
}
