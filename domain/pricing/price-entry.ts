/** Owns the price of one entry: the strategy decides first, then the first source of that strategy that applies. */
import { Decimal, fixed, type Rounding, round } from '../money.ts';
import type { Day, DecimalText, EntryKind } from '../work-entry.ts';

export type Category = 'labor' | 'expenses' | 'mileage';
export type Method = 'service_rates' | 'markup' | 'entry_or_task_price';

export interface Rate {
  scopeType: 'contract' | 'client';
  position: string;
  unit: 'hour' | 'day' | 'shift' | 'standby';
  regularRate: DecimalText;
  overtimeRate: DecimalText | null;
  currency: string;
  validFrom: Day;
  validTo: Day | null;
}
export interface Markup {
  category: Category;
  percentage: DecimalText;
  validFrom: Day;
  validTo: Day | null;
}
/** Everything that may price the entries of one project, read once per run; strategies already resolved by scope. */
export interface PriceBook {
  currency: string;
  methods: Partial<Record<Category, Method>>;
  /** Contract lines before client lines. */
  rates: Rate[];
  /** Narrowest scope first. */
  markups: Markup[];
  rounding: Rounding;
}
export interface PriceableEntry {
  kind: EntryKind;
  workDate: Day;
  /** Raw units: seconds, metres, cents, counts. */
  quantity: number;
  position: string | null;
  rate: DecimalText | null;
  cost: DecimalText | null;
  currency: string | null;
  taskUnitPrice: DecimalText | null;
  product: { name: string; unit: string; defaultPrice: DecimalText | null };
  /** Set where the quantity is overtime; the multiplier of the contract prices it where the rate card does not. */
  overtime?: { multiplier: DecimalText | null };
  /** Of the contract's mileage terms, per km or hour on the road. */
  mileageRate?: DecimalText | null;
}

export interface PricedQuantity {
  unit: string;
  /** In `unit`, before rounding is exact to 12 places; after it, what the line shows. */
  quantity: DecimalText;
  unitPrice: DecimalText;
  /** quantity × unit price, exact; a line rounds it once. */
  amount: DecimalText;
  costAmount: DecimalText | null;
  source: string;
  /** Which numbers priced it, for "why this price?". */
  rule: Record<string, string>;
  /** No source gave a price: 0.00, and issuing is blocked until it is priced or released. */
  flagged: boolean;
}

interface UnitPrice {
  price: DecimalText;
  source: string;
  rule: Record<string, string>;
}

const perUnit: Record<EntryKind, { unit: string; raw: number; category: Category }> = {
  labor: { unit: 'hour', raw: 3600, category: 'labor' },
  mileage_time: { unit: 'hour', raw: 3600, category: 'mileage' },
  mileage_distance: { unit: 'km', raw: 1000, category: 'mileage' },
  expense: { unit: 'amount', raw: 100, category: 'expenses' },
  goods: { unit: 'piece', raw: 1, category: 'expenses' },
};

/** The raw quantity in display units: hours, kilometres, an amount, pieces. */
export function exactQuantity(kind: EntryKind, raw: number): Decimal {
  return new Decimal(raw).div(perUnit[kind].raw);
}

/** True where that has no more than so many decimals; false where plain numbers cannot tell. */
export function hasPlaces(kind: EntryKind, raw: number, places: number): boolean {
  const scaled = raw * 10 ** places;
  return Number.isSafeInteger(scaled) && scaled % perUnit[kind].raw === 0;
}

/** The raw quantity in display units, rounded as the contract says; an expense's quantity is money and rounds as money. */
export function displayedQuantity(kind: EntryKind, raw: number, rounding: Rounding): DecimalText {
  const places = kind === 'expense' ? rounding.moneyPlaces : rounding.quantityPlaces;
  // Most time is kept in quarters of an hour: whole numbers of the last place, and nothing to round.
  if (hasPlaces(kind, raw, places)) return withPlaces((raw * 10 ** places) / perUnit[kind].raw, places);
  return fixed(round(exactQuantity(kind, raw), places, rounding.mode), places);
}

/** A whole number of the last place as decimal text: 150 with two places is `1.50`. */
function withPlaces(count: number, places: number): DecimalText {
  const digits = String(Math.abs(count)).padStart(places + 1, '0');
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return count < 0 ? `-${text}` : text;
}

/**
 * Prices one entry; `quantity` is what it shows, its share of a rounded day (round-days.ts) or rounded by itself.
 * Never throws for a missing price: that is a flagged 0.00 (invariant 3).
 */
export function priceEntry(
  entry: PriceableEntry,
  book: PriceBook,
  quantity: DecimalText = displayedQuantity(entry.kind, entry.quantity, book.rounding),
): PricedQuantity {
  const { unit, category } = perUnit[entry.kind];
  const method = book.methods[category];
  const found = method ? byMethod[method](entry, book, category) : withoutStrategy(entry, book);
  const unitPrice = found?.price ?? '0.00';
  return {
    unit,
    quantity,
    unitPrice,
    amount: new Decimal(quantity).times(unitPrice).toFixed(),
    costAmount: entry.cost === null ? null : new Decimal(quantity).times(entry.cost).toFixed(),
    source: found?.source ?? (method ? `${method}: no price` : 'no price'),
    rule: found?.rule ?? {},
    flagged: !found,
  };
}

const byMethod: Record<
  Method,
  (entry: PriceableEntry, book: PriceBook, category: Category) => UnitPrice | null
> = {
  service_rates: (entry, book) => serviceRate(entry, book),
  markup: (entry, book, category) => markedUpCost(entry, book, category),
  entry_or_task_price: (entry, book) => entryOrTaskPrice(entry, book),
};

function valid(row: { validFrom: Day; validTo: Day | null }, day: Day): boolean {
  return row.validFrom <= day && (row.validTo === null || day < row.validTo);
}

const folded = (position: string) => position.trim().toLowerCase();

/** A gap in the rate card is no price, never a silent change of strategy (BILLING §4). Rates are by the hour. */
function serviceRate(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  if (perUnit[entry.kind].unit !== 'hour') return null;
  const usable = book.rates.filter(
    (rate) => rate.unit === 'hour' && rate.currency === book.currency && valid(rate, entry.workDate),
  );
  for (const scopeType of ['contract', 'client'] as const) {
    for (const position of entry.position ? [entry.position, '*'] : ['*']) {
      const inScope = usable.filter((row) => row.scopeType === scopeType);
      // As it is written first; else sources and rate cards may differ in capitals and outer blanks.
      const rate =
        inScope.find((row) => row.position === position) ??
        inScope.find((row) => folded(row.position) === folded(position));
      if (rate) {
        const source = `${scopeType} rate card`;
        const rule = { position, validFrom: rate.validFrom, regularRate: rate.regularRate };
        if (entry.overtime && rate.overtimeRate !== null)
          return {
            price: rate.overtimeRate,
            source: `${source}, overtime`,
            rule: { ...rule, overtimeRate: rate.overtimeRate },
          };
        return forOvertime({ price: rate.regularRate, source, rule }, entry, book);
      }
    }
  }
  return null;
}

/** A price for regular time as one for overtime: times the contract's multiplier, else as it is and saying so. */
function forOvertime(regular: UnitPrice, { overtime }: PriceableEntry, book: PriceBook): UnitPrice {
  if (!overtime) return regular;
  const { price, source, rule } = regular;
  if (overtime.multiplier === null)
    return {
      price,
      source: `${source}, overtime at the regular rate`,
      rule: { ...rule, warning: 'there is no overtime rate and no multiplier' },
    };
  return {
    price: fixed(round(new Decimal(price).times(overtime.multiplier), 4, book.rounding.mode), 4),
    source: `${source}, overtime`,
    rule: { ...rule, multiplier: overtime.multiplier },
  };
}

function markedUpCost(entry: PriceableEntry, book: PriceBook, category: Category): UnitPrice | null {
  // An expense's quantity is its cost: one unit of it costs one.
  const cost = entry.kind === 'expense' ? '1' : entry.cost;
  if (cost === null || (entry.currency !== null && entry.currency !== book.currency)) return null;
  const markup = book.markups.find((row) => row.category === category && valid(row, entry.workDate));
  if (!markup) return null;
  const price = new Decimal(cost).times(new Decimal(100).plus(markup.percentage)).div(100);
  return {
    price: fixed(round(price, 4, book.rounding.mode), 4),
    source: 'markup on cost',
    rule: { cost, percentage: markup.percentage },
  };
}

/** A rate of the contract stands before what a product costs everybody (DESIGN §5). */
function mileagePrice({ mileageRate }: PriceableEntry): UnitPrice | null {
  if (mileageRate === null || mileageRate === undefined) return null;
  return { price: mileageRate, source: 'contract mileage rate', rule: { mileageRate } };
}

/** Own price → (expenses, goods: cost) → task → product default; null means flagged 0.00 (DESIGN §5). */
function entryOrTaskPrice(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  const sameCurrency = entry.currency === null || entry.currency === book.currency;
  if (entry.rate !== null && sameCurrency)
    return forOvertime({ price: entry.rate, source: 'entry price', rule: { rate: entry.rate } }, entry, book);
  return withoutStrategy(entry, book);
}

/** Without a strategy: task price → product default; a platform's own rate is information only (BILLING §4). */
function withoutStrategy(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  const sameCurrency = entry.currency === null || entry.currency === book.currency;
  const isTransport = entry.kind === 'mileage_distance' || entry.kind === 'mileage_time';
  // An expense's quantity already is its cost in currency: one currency unit costs one.
  const cost =
    entry.kind === 'expense' && sameCurrency
      ? '1'
      : entry.kind === 'goods' && sameCurrency
        ? entry.cost
        : null;
  const task: UnitPrice | null =
    entry.taskUnitPrice === null
      ? null
      : { price: entry.taskUnitPrice, source: 'task price', rule: { taskUnitPrice: entry.taskUnitPrice } };
  const product: UnitPrice | null =
    entry.product.defaultPrice === null
      ? null
      : {
          price: entry.product.defaultPrice,
          source: 'product default',
          rule: { product: entry.product.name },
        };
  if (cost !== null) return { price: cost, source: 'cost', rule: { cost } };
  if (isTransport) return mileagePrice(entry) ?? product ?? task;
  const found = task ?? product;
  return found && forOvertime(found, entry, book);
}
