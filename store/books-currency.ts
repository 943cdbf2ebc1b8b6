/** Owns what an invoice comes to in its seller's books and tax currency: the rates, taken before it is numbered, and the amounts. */
import { minorPlaces } from '../domain/money.ts';
import type { Conversion } from '../domain/pricing/conversion.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { conversionKey, keepConversions, openRates } from './currency-rates.ts';
import type { WorkspaceTx } from './database.ts';

interface Unposted {
  id: string;
  currency: string;
  functionalCurrency: string;
  /** Null: its tax is shown in its own currency only. */
  taxCurrency: string | null;
  serviceTo: Day;
}
/** Null where the invoice is in that currency already. */
export interface PostedRates {
  functional: Conversion | null;
  tax: Conversion | null;
}

/**
 * The rates that the drafts are posted at: of the day of issue into the books, of the tax point into the tax currency. `missing`
 * says of a draft what nobody has entered: nothing is guessed, so it cannot be issued.
 */
export async function findPostedRates<Draft extends Unposted>(
  tx: WorkspaceTx,
  drafts: readonly Draft[],
  issueDateOf: (draft: Draft) => Day,
): Promise<{ rates: Map<string, PostedRates>; missing: Map<string, string> }> {
  const rates = new Map<string, PostedRates>();
  const missing = new Map<string, string>();
  const wanted = drafts.flatMap((draft) => {
    const { id, currency, functionalCurrency, taxCurrency, serviceTo } = draft;
    const into = (purpose: keyof PostedRates, to: string, day: Day) => ({ id, currency, purpose, to, day });
    return [
      ...(currency === functionalCurrency
        ? []
        : [into('functional', functionalCurrency, issueDateOf(draft))]),
      ...(taxCurrency === null || taxCurrency === currency ? [] : [into('tax', taxCurrency, serviceTo)]),
    ];
  });
  for (const [to, ofCurrency] of Map.groupBy(wanted, (each) => each.to)) {
    const book = openRates(to);
    await book.load(tx, ofCurrency);
    for (const { id, currency, purpose, day } of ofCurrency) {
      const known = book.find(currency, day);
      if (known === null) missing.set(id, `there is no rate from ${currency} to ${to} on ${day}`);
      else {
        const dateRule = purpose === 'tax' ? 'tax_point' : 'issue_date';
        const posted = rates.get(id) ?? { functional: null, tax: null };
        rates.set(id, { ...posted, [purpose]: { ...known, dateRule } });
      }
    }
  }
  return { rates, missing };
}

/** As a snapshot keeps them. */
export const usedRates = ({ functional, tax }: PostedRates) =>
  [
    { purpose: 'functional' as const, used: functional },
    { purpose: 'tax' as const, used: tax },
  ].flatMap(({ purpose, used }) => {
    if (used === null) return [];
    const { from, to, rate, rateOn, source } = used;
    return [{ purpose, from, to, rate, rateOn, source }];
  });

/** The names of what `postedColumns` answers, with their types, for an unnest. */
export const postedTypes = {
  functional_currency: 'text',
  functional_rate: 'numeric',
  functional_places: 'int',
  functional_conversion_id: 'uuid',
  tax_currency: 'text',
  tax_rate: 'numeric',
  tax_places: 'int',
  tax_conversion_id: 'uuid',
} as const;

/**
 * Sets of an invoice `i` from a row `r` with those columns. Net in the books is what tax leaves of the total, so that the three
 * always add up.
 */
export const setPosted = `functional_currency = r.functional_currency,
       functional_total = round(i.total * r.functional_rate, r.functional_places),
       functional_tax = round(i.tax * r.functional_rate, r.functional_places),
       functional_net = round(i.total * r.functional_rate, r.functional_places) - round(i.tax * r.functional_rate, r.functional_places),
       functional_conversion_id = r.functional_conversion_id, tax_currency = r.tax_currency,
       tax_in_tax_currency = case when r.tax_currency is not null then round(i.tax * r.tax_rate, r.tax_places) end,
       tax_conversion_id = r.tax_conversion_id`;

/** One array a column, in the order of `postedTypes`; keeps the conversions. */
export async function postedColumns(
  tx: WorkspaceTx,
  drafts: readonly Unposted[],
  rates: ReadonlyMap<string, PostedRates>,
): Promise<string[]> {
  const posted = drafts.map(({ id }) => rates.get(id) ?? { functional: null, tax: null });
  const kept = await keepConversions(
    tx,
    posted.flatMap(({ functional, tax }) => [functional ?? [], tax ?? []].flat()),
  );
  const idOf = (conversion: Conversion | null) => conversion && kept.get(conversionKey(conversion))!;
  return [
    drafts.map((draft) => draft.functionalCurrency),
    posted.map(({ functional }) => functional?.rate ?? '1'),
    drafts.map((draft) => minorPlaces(draft.functionalCurrency)),
    posted.map(({ functional }) => idOf(functional)),
    drafts.map((draft) => draft.taxCurrency),
    posted.map(({ tax }) => tax?.rate ?? '1'),
    drafts.map((draft) => minorPlaces(draft.taxCurrency ?? draft.currency)),
    posted.map(({ tax }) => idOf(tax)),
  ].map(plainArray);
}
