/** Owns billable items that no entry makes: a milestone, a percentage of completion, a retainer's fee, work of before go-live. */
import { Decimal } from '../domain/money.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { addDeltas } from './totals.ts';

export interface TermItem {
  kind: 'milestone' | 'percentage' | 'retainer' | 'opening';
  /** Where it was named before it is made. */
  id?: string;
  /** Null: of the contract as a whole. */
  projectId: string | null;
  phaseId: string | null;
  workDate: Day;
  description: string;
  /** Net, in the contract's currency: one unit of it is billed. */
  amount: DecimalText;
  /** Which numbers priced it. */
  rule: Record<string, string>;
  /** Of the contract, that counts on the work date. */
  version: number;
}
export interface BillingParties {
  id: string;
  clientId: string;
  currency: string;
}

/** Answers the ids of the items, in the order given. */
export async function insertTermItems(
  tx: WorkspaceTx,
  contract: BillingParties,
  runId: string | null,
  items: readonly TermItem[],
): Promise<string[]> {
  if (items.length === 0) return [];
  const ids = items.map((item) => item.id ?? newId());
  await tx.run(
    `with r as materialized (
       select * from unnest($6::uuid[], $7::text[], $8::uuid[], $9::uuid[], $10::date[], $11::text[], $12::numeric[], $13::jsonb[], $14::int[])
         as u(id, kind, project_id, phase_id, work_date, description, amount, rule, version)),
     balanced as (insert into item_balance (workspace_id, item_id, contract_id, quantity) select $1, id, $2, 1 from r)
     insert into billable_items (workspace_id, id, kind, contract_id, client_id, project_id, phase_id, work_date, description, unit, raw_quantity,
       rounded_quantity, quantity, unit_price, amount, currency, price_source, price_rule, contract_version, run_id, created_at)
     select $1, id, kind, $2, $3, project_id, phase_id, work_date, description, kind, 1, 1, 1, amount, amount, $4, kind, rule, version, $5, ${sqlNow} from r`,
    [
      tx.workspaceId,
      contract.id,
      contract.clientId,
      contract.currency,
      runId,
      plainArray(ids),
      plainArray(items.map((item) => item.kind)),
      plainArray(items.map((item) => item.projectId)),
      plainArray(items.map((item) => item.phaseId)),
      plainArray(items.map((item) => item.workDate)),
      textArray(items.map((item) => item.description)),
      plainArray(items.map((item) => item.amount)),
      textArray(items.map((item) => JSON.stringify(item.rule))),
      plainArray(items.map((item) => item.version)),
    ],
  );
  const amount = items.reduce((sum, item) => sum.plus(item.amount), new Decimal(0));
  await addDeltas(tx, [{ metric: 'pending_amount', key: contract.currency, value: amount.toFixed() }]);
  return ids;
}

/** Prices an item anew that is on no document yet, by the version that counts since. False where a document took it. */
export async function repriceTermItem(
  tx: WorkspaceTx,
  contract: Pick<BillingParties, 'currency'>,
  itemId: string,
  { amount, rule, version }: Pick<TermItem, 'amount' | 'rule' | 'version'>,
): Promise<boolean> {
  const free = await tx.run(
    'select 1 from item_balance where workspace_id = $1 and item_id = $2 and allocated = 0 for no key update',
    [tx.workspaceId, itemId],
  );
  if (free === 0) return false;
  const row = await tx.row<{ was: DecimalText }>(
    `update billable_items set unit_price = $3, amount = $3, price_rule = $4, contract_version = $5
     where workspace_id = $1 and id = $2 returning old.amount as was`,
    [tx.workspaceId, itemId, amount, JSON.stringify(rule), version],
  );
  const difference = new Decimal(amount).minus(row!.was).toFixed();
  await addDeltas(tx, [{ metric: 'pending_amount', key: contract.currency, value: difference }]);
  return true;
}

/** Takes items back that are on no document; answers those that it took, with what they came to. */
export async function withdrawTermItems(
  tx: WorkspaceTx,
  contract: Pick<BillingParties, 'currency'>,
  itemIds: readonly string[],
): Promise<{ id: string; amount: DecimalText }[]> {
  const gone = await tx.rows<{ id: string; amount: DecimalText }>(
    `with gone as (
       update item_balance set quantity = 0
       where workspace_id = $1 and item_id = any($2::uuid[]) and allocated = 0 and quantity <> 0 returning item_id)
     update billable_items i set withdrawn_at = ${sqlNow} from gone g where i.workspace_id = $1 and i.id = g.item_id
     returning i.id, i.amount`,
    [tx.workspaceId, plainArray(itemIds)],
  );
  const amount = gone.reduce((sum, item) => sum.plus(item.amount), new Decimal(0));
  await addDeltas(tx, [
    { metric: 'pending_amount', key: contract.currency, value: amount.negated().toFixed() },
  ]);
  return gone;
}
