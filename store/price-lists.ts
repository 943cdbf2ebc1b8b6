/** Owns price lists: prices of products by quantity and day, in one currency; tasks name the list that prices them. */
import type { ListPrice as PriceFacts } from '../domain/pricing/price-lists.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import type { Day } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { type NewRow, tenantTable, type Values } from './tenant-table.ts';

export interface PriceList {
  id: string;
  name: string;
  currency: string;
}
export const priceLists = tenantTable<PriceList>('price_lists', { name: 'plain', currency: 'plain' });

export interface ListPrice extends Omit<PriceFacts, 'list' | 'currency'> {
  id: string;
  priceListId: string;
}
export type NewListPrice = NewRow<ListPrice, 'priceListId' | 'productId' | 'unitPrice'>;

export const listPrices = tenantTable<ListPrice>('price_list_items', {
  priceListId: 'plain',
  productId: 'plain',
  minimumQuantity: 'plain',
  unitPrice: 'plain',
  validFrom: 'plain',
  validTo: 'plain',
});

const always: Day = '0001-01-01';
/** More would be read for each contract whose tasks name the list. */
const maxPrices = 20_000;

/** Refuses a product that this workspace does not have, and a price that another of the same tier overlaps. */
export async function insertListPrice(tx: WorkspaceTx, values: NewListPrice): Promise<ListPrice> {
  found(await priceLists.lock(tx, values.priceListId), 'price_list');
  if (
    !(await tx.row('select 1 from products where workspace_id = $1 and id = $2', [
      tx.workspaceId,
      values.productId,
    ]))
  )
    throw invalidField(
      '/productId',
      'reference.unknown',
      'There is no product with this id in this workspace.',
      'Use the id of an existing record.',
    );
  const { count } = (await tx.row<{ count: number }>(
    'select count(*)::int as count from price_list_items where workspace_id = $1 and price_list_id = $2',
    [tx.workspaceId, values.priceListId],
  ))!;
  if (count >= maxPrices)
    throw new Refusal({
      code: 'price_list.full',
      message: `A price list takes ${maxPrices} prices.`,
      whatToDo: 'Delete prices that ended long ago, or make another list.',
    });
  await requireAlone(tx, null, values);
  return listPrices.insert(tx, values);
}

/** The caller holds the price; the list is held here, so that two changes at once do not overlap. */
export async function changeListPrice(
  tx: WorkspaceTx,
  before: ListPrice,
  change: Values<Pick<ListPrice, 'unitPrice' | 'validFrom' | 'validTo'>>,
): Promise<ListPrice> {
  await priceLists.lock(tx, before.priceListId);
  const { validFrom = before.validFrom, validTo = before.validTo } = change;
  await requireAlone(tx, before.id, { ...before, validFrom, validTo });
  return found(await listPrices.update(tx, before.id, change), 'list_price');
}

/** One price a product, tier and day: which of two would count is nobody's guess. */
async function requireAlone(
  tx: WorkspaceTx,
  id: string | null,
  { priceListId, productId, minimumQuantity = '0', validFrom = always, validTo = null }: NewListPrice,
): Promise<void> {
  if (validTo !== null && validTo <= (validFrom ?? always))
    throw invalidField('/validTo', 'list_price.dates_conflict', 'The price ends before it begins.');
  const other = await tx.row<{ id: string; validFrom: Day; validTo: Day | null }>(
    `select id, valid_from, valid_to from price_list_items
     where workspace_id = $1 and price_list_id = $2 and product_id = $3 and minimum_quantity = $4 and ($7::uuid is null or id <> $7)
       and valid_from < coalesce($6::date, 'infinity') and coalesce(valid_to, 'infinity') > $5::date
     order by valid_from limit 1`,
    [tx.workspaceId, priceListId, productId, minimumQuantity, validFrom, validTo, id],
  );
  if (!other) return;
  throw invalidField(
    '/validFrom',
    'list_price.overlap',
    `Another price of this product from ${minimumQuantity} on holds from ${other.validFrom} ${other.validTo === null ? 'on' : `to before ${other.validTo}`}.`,
    'End that one first (PATCH its validTo), or begin where it ends.',
    { listPriceId: other.id },
  );
}
