/** Owns purchase orders: what a client ordered, what invoices took of it, and who is told when most of it is used. */
import {
  isNearlyUsed,
  leftOf,
  type OrderedWork,
  requireLimitCoversUse,
  requireValidityInOrder,
} from '../domain/purchase-order.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { notify } from './notifications.ts';
import { requireReference } from './references.ts';
import { type ListOptions, type NewRow, tenantTable, type Values } from './tenant-table.ts';

type StoredOrder = Omit<OrderedWork, 'used'> & { id: string; clientId: string };
export type NewPurchaseOrder = NewRow<StoredOrder, 'clientId' | 'number'>;

export interface PurchaseOrder extends StoredOrder {
  used: DecimalText;
  /** Null without a limit. */
  left: DecimalText | null;
}

const table = tenantTable<StoredOrder>('purchase_orders', {
  clientId: 'plain',
  number: 'plain',
  status: 'plain',
  currency: 'plain',
  limitAmount: 'plain',
  validFrom: 'plain',
  validTo: 'plain',
});

/** What invoices took of the order `o`, net: those with a number, less their credit notes; a void one took nothing. */
export const usedOfOrder = `(select coalesce(sum(i.net - coalesce(
    (select sum(n.net) from credit_notes n where n.workspace_id = $1 and n.invoice_id = i.id and n.status = 'issued'), 0)), 0)
  from client_invoices i
  where i.workspace_id = $1 and i.purchase_order_id = o.id and i.number is not null and i.status <> 'void')`;

async function withUse(tx: WorkspaceTx, orders: readonly StoredOrder[]): Promise<PurchaseOrder[]> {
  const rows = await tx.rows<{ id: string; used: DecimalText }>(
    `select o.id, ${usedOfOrder} as used from purchase_orders o where o.workspace_id = $1 and o.id = any($2::uuid[])`,
    [tx.workspaceId, plainArray(orders.map(({ id }) => id))],
  );
  const usedOf = new Map(rows.map(({ id, used }) => [id, used]));
  return orders.map((order) => {
    const used = usedOf.get(order.id)!;
    return { ...order, used, left: leftOf({ ...order, used }) };
  });
}
const withUseOrNull = async (tx: WorkspaceTx, order: StoredOrder | null) =>
  order && (await withUse(tx, [order]))[0]!;

export const purchaseOrders = {
  find: async (tx: WorkspaceTx, id: string) => withUseOrNull(tx, await table.find(tx, id)),
  /** Nothing is issued on it until the transaction ends. */
  lock: async (tx: WorkspaceTx, id: string) => withUseOrNull(tx, await table.lock(tx, id)),
  list: async (tx: WorkspaceTx, options: ListOptions<StoredOrder>) =>
    withUse(tx, await table.list(tx, options)),
};

/** In the client's currency where nothing else is said. Refuses with 409 a number that the client has already. */
export async function insertPurchaseOrder(
  tx: WorkspaceTx,
  { validFrom = null, validTo = null, ...values }: NewPurchaseOrder,
): Promise<PurchaseOrder> {
  await requireReference(tx, 'client', values.clientId, '/clientId');
  requireValidityInOrder({ validFrom, validTo });
  await requireFreeNumber(tx, values);
  const client = await tx.row<{ currency: string }>(
    'select currency from clients where workspace_id = $1 and id = $2',
    [tx.workspaceId, values.clientId],
  );
  const currency = values.currency ?? client!.currency;
  const order = await table.insert(tx, { ...values, currency, validFrom, validTo });
  return found(await withUseOrNull(tx, order), 'purchase_order');
}

/** The caller holds the order. What is issued keeps the number that it was printed with. */
export async function changePurchaseOrder(
  tx: WorkspaceTx,
  before: PurchaseOrder,
  change: Omit<Values<StoredOrder>, 'id' | 'clientId'>,
): Promise<PurchaseOrder> {
  const wanted = { ...before, ...withoutUndefined(change) };
  requireValidityInOrder(wanted);
  requireLimitCoversUse(before, wanted.limitAmount);
  if (wanted.number !== before.number) await requireFreeNumber(tx, wanted);
  if (wanted.currency !== before.currency) await requireUnused(tx, before);
  if (wanted.status === 'archived' && before.status === 'active') await requireUnnamed(tx, before);
  await table.update(tx, before.id, change);
  await tellNearlyUsed(tx, [before.id]);
  return found(await purchaseOrders.find(tx, before.id), 'purchase_order');
}

const withoutUndefined = <Row extends object>(values: Row) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Field in keyof Row]: Exclude<Row[Field], undefined>;
  };

async function requireFreeNumber(
  tx: WorkspaceTx,
  { clientId, number }: Pick<StoredOrder, 'clientId' | 'number'>,
): Promise<void> {
  const taken = await tx.row<{ id: string; status: string }>(
    'select id, status from purchase_orders where workspace_id = $1 and client_id = $2 and number = $3',
    [tx.workspaceId, clientId, number],
  );
  if (taken === null) return;
  throw new Refusal({
    code: 'purchase_order.number_taken',
    message: `The client has ${taken.status === 'archived' ? 'an archived' : 'a'} purchase order ${number} already.`,
    whatToDo: 'Change that one, or give another number.',
    errors: [{ pointer: '/number', detail: 'is taken' }],
    details: { purchaseOrderId: taken.id },
  });
}

const mostNamed = 10;

const namedBy = (tx: WorkspaceTx, id: string, where = 'true') =>
  tx.rows<{ id: string; name: string }>(
    `select id, name from contracts where workspace_id = $1 and purchase_order_id = $2 and ${where} order by id limit $3`,
    [tx.workspaceId, id, mostNamed],
  );

async function requireUnused(tx: WorkspaceTx, { id, number, currency }: PurchaseOrder): Promise<void> {
  const contracts = await namedBy(tx, id);
  const invoice = await tx.row(
    'select 1 from client_invoices where workspace_id = $1 and purchase_order_id = $2 and number is not null limit 1',
    [tx.workspaceId, id],
  );
  if (contracts.length === 0 && invoice === null) return;
  throw new Refusal({
    code: 'purchase_order.currency_fixed',
    message: `Purchase order ${number} is named by contracts or invoices in ${currency}.`,
    whatToDo: 'Enter an order in the other currency under a number of its own.',
    details: { contracts },
  });
}

/** Work under a contract that names an archived order would be held from then on. */
async function requireUnnamed(tx: WorkspaceTx, { id, number }: PurchaseOrder): Promise<void> {
  const contracts = await namedBy(tx, id, "status <> 'ended'");
  if (contracts.length === 0) return;
  throw new Refusal({
    code: 'purchase_order.in_use',
    message: `Purchase order ${number} is named by ${contracts.map(({ name }) => `contract ${name}`).join(', ')}.`,
    whatToDo: 'Have them name another purchase order, or none, first.',
    details: { contracts },
  });
}

/** Refuses with 422 what a contract cannot name: another client's, an archived one, or one in another currency. */
export async function requireOrderFor(
  tx: WorkspaceTx,
  contract: { clientId: string; currency: string },
  purchaseOrderId: string | null | undefined,
): Promise<void> {
  if (!purchaseOrderId) return;
  // Held, so that it is not archived meanwhile.
  const order = await tx.row<Pick<StoredOrder, 'number' | 'status' | 'currency'>>(
    'select number, status, currency from purchase_orders where workspace_id = $1 and id = $2 and client_id = $3 for share',
    [tx.workspaceId, purchaseOrderId, contract.clientId],
  );
  const refuse = (code: string, why: string, whatToDo: string) =>
    invalidField('/purchaseOrderId', code, why, whatToDo);
  if (order === null)
    throw refuse(
      'reference.unknown',
      "The contract's client has no purchase order with this id.",
      'Use an order of GET /purchase-orders?clientId=….',
    );
  if (order.status === 'archived')
    throw refuse(
      'purchase_order.archived',
      `Purchase order ${order.number} is archived.`,
      'Make it active again, or use another.',
    );
  if (order.currency !== contract.currency)
    throw refuse(
      'purchase_order.other_currency',
      `Purchase order ${order.number} is in ${order.currency}, the contract in ${contract.currency}.`,
      "Use an order in the contract's currency.",
    );
}

/** Tells that most of the limit is used, once a limit. The caller holds the orders. */
export async function tellNearlyUsed(tx: WorkspaceTx, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const untold = await tx.rows<{
    id: string;
    number: string;
    currency: string;
    client: string;
    limitAmount: DecimalText;
    used: DecimalText;
  }>(
    `select o.id, o.number, o.currency, c.name as client, o.limit_amount, ${usedOfOrder} as used
     from purchase_orders o join clients c on c.workspace_id = $1 and c.id = o.client_id
     where o.workspace_id = $1 and o.id = any($2::uuid[]) and o.status = 'active' and o.told_limit is distinct from o.limit_amount and o.limit_amount is not null
     order by o.id`,
    [tx.workspaceId, plainArray(ids)],
  );
  const nearly = untold.filter(({ used, limitAmount }) => isNearlyUsed(used, limitAmount));
  if (nearly.length === 0) return;
  await tx.run(
    'update purchase_orders set told_limit = limit_amount where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(nearly.map(({ id }) => id))],
  );
  await recordEvents(
    tx,
    nearly.map(({ id, limitAmount, used }) => ({
      type: 'purchase_order.nearly_used',
      subjectType: 'purchase_order',
      subjectId: id,
      actor: 'system',
      permission: 'purchase_orders.read' as const,
      payload: { limitAmount, used },
    })),
  );
  await notify(
    tx,
    nearly.map(({ id, number, currency, client, limitAmount, used }) => ({
      kind: 'purchase_order.nearly_used' as const,
      to: { permission: 'purchase_orders.update' as const },
      key: `purchase_order.nearly_used:${id}:${limitAmount}`,
      subjectType: 'purchase_order',
      subjectId: id,
      params: {
        number,
        client,
        used: `${used} ${currency}`,
        limit: `${limitAmount} ${currency}`,
        left: `${leftOf({ limitAmount, used })} ${currency}`,
      },
    })),
  );
}
