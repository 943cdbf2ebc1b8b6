/** Owns rates between currencies: entered or imported with their source, never changed, and looked up by day. */

import { addDays } from '../domain/day.ts';
import { Decimal } from '../domain/money.ts';
import {
  type Conversion,
  type KnownRate,
  rateAmong,
  rateHoldsDays,
  type StoredRate,
} from '../domain/pricing/conversion.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { tenantTable } from './tenant-table.ts';

export interface CurrencyRate extends StoredRate {
  id: string;
  createdBy: string;
  createdAt: Instant;
}
export type NewCurrencyRate = StoredRate;

/** Append-only: a correction is a new row, and of one day the newest counts for new work. */
export const currencyRates = tenantTable<CurrencyRate>('currency_rates', {
  base: 'plain',
  quote: 'plain',
  rateOn: 'plain',
  rate: 'plain',
  source: 'plain',
  bothWays: 'plain',
  createdBy: 'plain',
  createdAt: 'plain',
});

/** Adds what is not there yet in the same words; answers how many were new. */
export async function addCurrencyRates(
  tx: WorkspaceTx,
  rates: readonly NewCurrencyRate[],
  createdBy: string,
): Promise<{ created: number; unchanged: number }> {
  if (rates.length === 0) return { created: 0, unchanged: 0 };
  const created = await tx.run(
    `insert into currency_rates (workspace_id, id, base, quote, rate_on, rate, source, both_ways, created_by)
     select $1, r.id, r.base, r.quote, r.rate_on, r.rate, r.source, r.both_ways, $2
     from unnest($3::uuid[], $4::text[], $5::text[], $6::date[], $7::numeric[], $8::text[], $9::boolean[])
       as r(id, base, quote, rate_on, rate, source, both_ways)
     left join lateral (
       select x.rate, x.source, x.both_ways from currency_rates x
       where x.workspace_id = $1 and x.base = r.base and x.quote = r.quote and x.rate_on = r.rate_on
       order by x.created_at desc, x.id desc limit 1) newest on true
     where (r.rate, r.source, r.both_ways) is distinct from (newest.rate, newest.source, newest.both_ways)`,
    [
      tx.workspaceId,
      createdBy,
      plainArray(rates.map(() => newId())),
      plainArray(rates.map((rate) => rate.base)),
      plainArray(rates.map((rate) => rate.quote)),
      plainArray(rates.map((rate) => rate.rateOn)),
      plainArray(rates.map((rate) => rate.rate)),
      textArray(rates.map((rate) => rate.source)),
      plainArray(rates.map((rate) => rate.bothWays)),
    ],
  );
  return { created, unchanged: rates.length - created };
}

/**
 * What one unit of `from` is in `to` on the day, or on the last day of the week before it that has a rate; null where nothing
 * is stored. Only a stored pair or its declared inverse: nothing is crossed. One currency has no rate to itself.
 */
export async function rateOn(tx: WorkspaceTx, from: string, to: string, day: Day): Promise<KnownRate | null> {
  const rates = openRates(to);
  await rates.load(tx, [{ currency: from, day }]);
  return rates.find(from, day);
}

/** The rates into one currency, read where they are asked for and kept. */
export interface RateBook {
  /** Makes sure that the rates of these are known; reads nothing where all are in the currency of the book, or unknown ones. */
  load: (tx: WorkspaceTx, wanted: readonly { currency: string | null; day: Day }[]) => Promise<void>;
  find: (from: string, day: Day) => KnownRate | null;
}

export function openRates(to: string): RateBook {
  const read = new Map<string, { first: Day; last: Day; rates: StoredRate[] }>();
  const found = new Map<string, KnownRate | null>();
  const missing = (wanted: readonly { currency: string | null; day: Day }[]) => {
    const stretches = new Map<string, { first: Day; last: Day }>();
    for (const { currency, day } of wanted) {
      if (currency === null || currency === to) continue;
      const known = read.get(currency);
      if (known && known.first <= day && day <= known.last) continue;
      const stretch = stretches.get(currency) ?? {
        first: known?.first ?? day,
        last: known?.last ?? day,
      };
      if (day < stretch.first) stretch.first = day;
      if (day > stretch.last) stretch.last = day;
      stretches.set(currency, stretch);
    }
    return stretches;
  };
  return {
    load: async (tx, wanted) => {
      const stretches = missing(wanted);
      if (stretches.size === 0) return;
      const asked = [...stretches];
      const rows = await tx.rows<StoredRate & { currency: string }>(
        `select a.currency, r.base, r.quote, r.rate_on, r.rate, r.source, r.both_ways
         from unnest($3::text[], $4::date[], $5::date[]) as a(currency, first, last)
         join currency_rates r on r.workspace_id = $1 and r.rate_on between a.first and a.last
           and (r.base = a.currency and r.quote = $2 or r.both_ways and r.base = $2 and r.quote = a.currency)
         order by r.created_at desc, r.id desc`,
        [
          tx.workspaceId,
          to,
          plainArray(asked.map(([currency]) => currency)),
          plainArray(asked.map(([, { first }]) => addDays(first, -rateHoldsDays))),
          plainArray(asked.map(([, { last }]) => last)),
        ],
      );
      const byCurrency = Map.groupBy(rows, (row) => row.currency);
      for (const [currency, stretch] of asked)
        read.set(currency, { ...stretch, rates: byCurrency.get(currency) ?? [] });
      found.clear();
    },
    find: (from, day) => {
      const key = `${from} ${day}`;
      const known = found.get(key);
      if (known !== undefined) return known;
      const stretch = read.get(from);
      const rate = stretch ? rateAmong(stretch.rates, from, to, day) : null;
      found.set(key, rate);
      return rate;
    },
  };
}

export const conversionKey = ({ from, to, dateRule, rateOn: day, rate, source }: Conversion) =>
  [from, to, dateRule, day, new Decimal(rate).toFixed(), source].join(' ');

/** Keeps how amounts were converted, each once; answers the ids by `conversionKey`. */
export async function keepConversions(
  tx: WorkspaceTx,
  conversions: readonly Conversion[],
): Promise<Map<string, string>> {
  const rows = [...new Map(conversions.map((each) => [conversionKey(each), each]))].map(([key, each]) => ({
    key,
    id: newId(),
    ...each,
  }));
  if (rows.length === 0) return new Map();
  await tx.run(
    `insert into conversions (workspace_id, id, from_currency, to_currency, date_rule, rate_on, rate, source)
     select $1, r.* from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::date[], $7::numeric[], $8::text[]) as r`,
    [
      tx.workspaceId,
      plainArray(rows.map((row) => row.id)),
      plainArray(rows.map((row) => row.from)),
      plainArray(rows.map((row) => row.to)),
      plainArray(rows.map((row) => row.dateRule)),
      plainArray(rows.map((row) => row.rateOn)),
      plainArray(rows.map((row) => row.rate)),
      textArray(rows.map((row) => row.source)),
    ],
  );
  return new Map(rows.map(({ key, id }) => [key, id]));
}
