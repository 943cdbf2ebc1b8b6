/** Owns the confirmation of the built-in transport prices: asked for once per workspace and currency, before the first invoice with them. */
import { productDefaults } from '../domain/pricing/product-defaults.ts';
import type { DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

export const builtInPrices = {
  distance: productDefaults.mileage_distance.defaultPrice!,
  time: productDefaults.mileage_time.defaultPrice!,
};

/** True where an item `x` goes at one of them; the kind is compared first, as nearly all items are labor. */
export const atBuiltInPrice = `(x.kind in ('transport_distance', 'transport_time') and x.price_source = 'product default'
  and x.unit_price = case x.kind when 'transport_distance' then ${builtInPrices.distance} else ${builtInPrices.time} end)`;

export interface BuiltInPriceConfirmation {
  currency: string;
  distancePrice: DecimalText;
  timePrice: DecimalText;
  confirmedBy: string;
  confirmedAt: Instant;
}
const columns = 'currency, distance_price, time_price, confirmed_by, confirmed_at';

export function listConfirmations(tx: WorkspaceTx): Promise<BuiltInPriceConfirmation[]> {
  return tx.rows<BuiltInPriceConfirmation>(
    `select ${columns} from built_in_price_confirmations where workspace_id = $1 order by currency limit 500`,
    [tx.workspaceId],
  );
}

/** Confirms them as they are today; null where that was done before. */
export function confirmBuiltInPrices(
  tx: WorkspaceTx,
  currency: string,
  actor: string,
): Promise<BuiltInPriceConfirmation | null> {
  return tx.row<BuiltInPriceConfirmation>(
    `insert into built_in_price_confirmations (workspace_id, currency, distance_price, time_price, confirmed_by)
     values ($1, $2, $3, $4, $5) on conflict do nothing returning ${columns}`,
    [tx.workspaceId, currency, builtInPrices.distance, builtInPrices.time, actor],
  );
}

/** Of these currencies, those that nobody confirmed the prices for. */
export async function unconfirmedCurrencies(
  tx: WorkspaceTx,
  currencies: readonly string[],
): Promise<Set<string>> {
  if (currencies.length === 0) return new Set();
  const rows = await tx.rows<{ currency: string }>(
    'select currency from built_in_price_confirmations where workspace_id = $1 and currency = any($2::text[])',
    [tx.workspaceId, plainArray([...new Set(currencies)])],
  );
  const confirmed = new Set(rows.map((row) => row.currency));
  return new Set(currencies.filter((currency) => !confirmed.has(currency)));
}

export const saysUnconfirmed = (currency: string): string =>
  `transport is priced at the built-in ${builtInPrices.distance} a km and ${builtInPrices.time} an hour, which nobody has confirmed for ${currency}: confirm them (POST /built-in-prices/confirm), or price transport and draft anew`;
