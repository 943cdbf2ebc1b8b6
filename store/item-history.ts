/** Owns what the items of a contract usually come to, by kind: kept as totals, so that no compile reads earlier items. */
import { Decimal, ExactSum, isZero } from '../domain/money.ts';
import type { DecimalText, EntryKind } from '../domain/work-entry.ts';
import type { Delta } from './totals.ts';

/** As items name their kinds; overtime is labor. */
const itemKinds: Record<EntryKind, string> = {
  labor: 'labor',
  expense: 'expense',
  mileage_distance: 'transport_distance',
  mileage_time: 'transport_time',
  goods: 'goods',
};
const toEntryKind = new Map(Object.entries(itemKinds).map(([entry, item]) => [item, entry as EntryKind]));

/** Items without an amount (no price, included) say nothing about what is usual. Summed here: a chunk has thousands. */
export function historyDeltas(
  contractId: string,
  items: readonly { kind: EntryKind; amount: DecimalText }[],
): Delta[] {
  const sums = new Map<EntryKind, { items: number; amount: ExactSum }>();
  for (const { kind, amount } of items) {
    if (isZero(amount)) continue;
    const sum = sums.get(kind) ?? { items: 0, amount: new ExactSum() };
    sum.items += 1;
    sum.amount.add(amount);
    sums.set(kind, sum);
  }
  return [...sums].flatMap(([kind, sum]) => {
    const key = `${contractId}:${itemKinds[kind]}`;
    return [
      { metric: 'item_count', key, value: String(sum.items) },
      { metric: 'item_amount', key, value: sum.amount.total().toFixed() },
    ];
  });
}

/** The same taken back, of items named by their own kind. */
export function withdrawnHistory(
  contractId: string,
  itemKind: string,
  items: number,
  amount: DecimalText,
): Delta[] {
  const key = `${contractId}:${itemKind === 'labor_overtime' ? 'labor' : itemKind}`;
  return [
    { metric: 'item_count', key, value: String(-items) },
    { metric: 'item_amount', key, value: new Decimal(amount).negated().toFixed() },
  ];
}

/** Totals by key, as a subquery that answers jsonb; `$1` is the workspace and `keys` names the parameter of `historyKeys`. */
export const historyOf = (keys: string): string => `(
  select coalesce(jsonb_agg(h), '[]') from (
    select key, coalesce(sum(value) filter (where metric = 'item_count'), 0)::text as items,
      coalesce(sum(value) filter (where metric = 'item_amount'), 0)::text as amount
    from (
      select metric, key, value from totals
      where workspace_id = $1 and metric in ('item_count', 'item_amount') and key = any(${keys}::text[])
      union all
      select metric, key, value from total_deltas
      where workspace_id = $1 and metric in ('item_count', 'item_amount') and key = any(${keys}::text[])) t
    group by key) h)`;

export const historyKeys = (contractId: string): string[] =>
  Object.values(itemKinds).map((kind) => `${contractId}:${kind}`);

/** Average amounts of the contract's items so far, by kind. */
export function toHistory(
  rows: readonly { key: string; items: DecimalText; amount: DecimalText }[],
): Map<EntryKind, { items: number; averageAmount: DecimalText }> {
  return new Map(
    rows
      .filter(({ items }) => new Decimal(items).gt(0))
      .map(({ key, items, amount }) => [
        toEntryKind.get(key.slice(key.indexOf(':') + 1))!,
        {
          items: new Decimal(items).toNumber(),
          averageAmount: new Decimal(amount).div(items).toDecimalPlaces(6).toFixed(),
        },
      ]),
  );
}
