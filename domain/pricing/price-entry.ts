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
/** Per km or hour on the road, or percent on what it cost. */
export type MileageTerm = { source: string } & ({ rate: DecimalText } | { percentage: DecimalText });
export interface WorkCalendar {
  hoursPerDay: DecimalText | null;
  hoursPerShift: DecimalText | null;
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
  /** What the contract or its client agreed for transport, if anything. */
  mileage?: MileageTerm | null;
  /** How many hours make a day and a shift of the rate card. */
  workCalendar?: WorkCalendar | null;
}

export interface PricedQuantity {
  /** Labor: the unit of its rate, else the hour. */
  unit: string;
  /** In `unit`, before rounding is exact to 12 places; after it, what the line shows. */
  quantity: DecimalText;
  unitPrice: DecimalText;
  /** quantity × unit price, exact; a line rounds it once. */
  amount: DecimalText;
  costAmount: DecimalText | null;
  /** What one unit costs; null where the cost is not known. */
  costPrice: DecimalText | null;
  source: string;
  /** Which numbers priced it, for "why this price?". */
  rule: Record<string, string>;
  /** No source gave a price: 0.00, and issuing is blocked until it is priced or released. */
  flagged: boolean;
}

interface UnitPrice {
  /** Of labor; left out: the hour. */
  unit?: Rate['unit'];
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
export function exactQuantity(kind: EntryKind, raw: number, rawPerUnit = perUnit[kind].raw): Decimal {
  return new Decimal(raw).div(rawPerUnit);
}

/** True where that has no more than so many decimals; false where plain numbers cannot tell. */
export function hasPlaces(
  kind: EntryKind,
  raw: number,
  places: number,
  rawPerUnit = perUnit[kind].raw,
): boolean {
  const scaled = raw * 10 ** places;
  return Number.isSafeInteger(scaled) && scaled % rawPerUnit === 0;
}

/**
 * The raw quantity in display units, rounded as the contract says; an expense's quantity is money and rounds as money.
 * `rawPerUnit`: seconds of a day or a shift, where the rate is for one.
 */
export function displayedQuantity(
  kind: EntryKind,
  raw: number,
  rounding: Rounding,
  rawPerUnit = perUnit[kind].raw,
): DecimalText {
  const places = kind === 'expense' ? rounding.moneyPlaces : rounding.quantityPlaces;
  // Most time is kept in quarters of an hour: whole numbers of the last place, and nothing to round.
  if (hasPlaces(kind, raw, places, rawPerUnit)) return withPlaces((raw * 10 ** places) / rawPerUnit, places);
  return fixed(round(exactQuantity(kind, raw, rawPerUnit), places, rounding.mode), places);
}

/** Seconds of a unit of labor; null where the contract does not say how many hours it has. */
function secondsOf(unit: Rate['unit'], calendar: WorkCalendar | null | undefined): number | null {
  if (unit === 'hour' || unit === 'standby') return perUnit.labor.raw;
  const hours = unit === 'day' ? calendar?.hoursPerDay : calendar?.hoursPerShift;
  return hours ? new Decimal(hours).times(perUnit.labor.raw).toNumber() : null;
}

/** True where a rate is for a day or a shift: then quantities depend on the rate, and else on nothing. */
export const hasLongUnits = (book: PriceBook): boolean =>
  book.methods.labor === 'service_rates' && book.rates.some(({ unit }) => unit === 'day' || unit === 'shift');

/** Raw units in one unit of what prices the entry: 3600 for an hour, 27,000 for a day of 7.5 hours. */
export function rawPerUnit(entry: PriceableEntry, book: PriceBook): number {
  const unit = entry.kind === 'labor' && hasLongUnits(book) ? serviceRate(entry, book)?.unit : undefined;
  return unit === undefined ? perUnit[entry.kind].raw : secondsOf(unit, entry.workCalendar)!;
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
  quantity: DecimalText = displayedQuantity(
    entry.kind,
    entry.quantity,
    book.rounding,
    rawPerUnit(entry, book),
  ),
): PricedQuantity {
  const { unit, category } = perUnit[entry.kind];
  const method = book.methods[category];
  const found = method ? byMethod[method](entry, book, category) : withoutStrategy(entry, book);
  const unitPrice = found?.price ?? '0.00';
  const costPrice = costOf(entry, found?.unit);
  return {
    unit: found?.unit ?? unit,
    quantity,
    unitPrice,
    amount: new Decimal(quantity).times(unitPrice).toFixed(),
    costAmount: costPrice === null ? null : new Decimal(quantity).times(costPrice).toFixed(),
    costPrice,
    source: found?.source ?? (method ? `${method}: no price` : 'no price'),
    rule: found?.rule ?? {},
    flagged: !found,
  };
}

/** Costs are by the hour; a day of work costs its hours. */
function costOf({ cost, workCalendar }: PriceableEntry, unit: Rate['unit'] | undefined): DecimalText | null {
  if (cost === null || (unit !== 'day' && unit !== 'shift')) return cost;
  return new Decimal(cost).times(secondsOf(unit, workCalendar)!).div(perUnit.labor.raw).toFixed();
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

/**
 * A gap in the rate card is no price, never a silent change of strategy (BILLING §4). Labor is priced by the unit of its
 * line; time on the road by the hour only. A day without its hours in the contract is a gap too.
 */
function serviceRate(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  if (perUnit[entry.kind].unit !== 'hour') return null;
  const usable = book.rates.filter(
    (rate) =>
      (rate.unit === 'hour' || entry.kind === 'labor') &&
      rate.currency === book.currency &&
      valid(rate, entry.workDate),
  );
  for (const scopeType of ['contract', 'client'] as const) {
    for (const position of entry.position ? [entry.position, '*'] : ['*']) {
      const inScope = usable.filter((row) => row.scopeType === scopeType);
      // As it is written first; else sources and rate cards may differ in capitals and outer blanks.
      const rate =
        lineOf(inScope.filter((row) => row.position === position)) ??
        lineOf(inScope.filter((row) => folded(row.position) === folded(position)));
      if (rate) return pricedBy(rate, position, entry, book);
    }
  }
  return null;
}

/** Of the lines of one position the latest; of one day the hourly one. Standby is a line of its own position, so it comes last. */
function lineOf(lines: readonly Rate[]): Rate | undefined {
  const worked = lines.filter((line) => line.unit !== 'standby');
  const [latest] = worked.length > 0 ? worked : lines;
  return worked.find((line) => line.unit === 'hour' && line.validFrom === latest?.validFrom) ?? latest;
}

function pricedBy(rate: Rate, position: string, entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  const { unit, regularRate, overtimeRate, validFrom } = rate;
  const seconds = secondsOf(unit, entry.workCalendar);
  if (seconds === null) return null;
  const source = `${rate.scopeType} rate card`;
  const rule: UnitPrice['rule'] = { position, validFrom, regularRate };
  if (unit === 'day' || unit === 'shift') rule.hours = new Decimal(seconds).div(perUnit.labor.raw).toFixed();
  // Nobody works overtime on standby.
  if (unit === 'standby') return { unit, price: regularRate, source: `${source}, standby`, rule };
  const ofUnit = unit === 'hour' ? {} : { unit };
  if (entry.overtime && overtimeRate !== null)
    return {
      ...ofUnit,
      price: overtimeRate,
      source: `${source}, overtime`,
      rule: { ...rule, overtimeRate },
    };
  return { ...ofUnit, ...forOvertime({ price: regularRate, source, rule }, entry, book) };
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

/**
 * What was agreed for transport stands before what a product costs everybody (DESIGN §5). A markup on a cost that is not
 * known is no price: the built-in one would be anything but agreed.
 */
function mileagePrice(
  { mileage, cost, currency }: PriceableEntry,
  book: PriceBook,
): UnitPrice | null | undefined {
  if (!mileage) return undefined;
  if ('rate' in mileage)
    return { price: mileage.rate, source: `${mileage.source} rate`, rule: { mileageRate: mileage.rate } };
  if (cost === null || (currency !== null && currency !== book.currency)) return null;
  const price = new Decimal(cost).times(new Decimal(100).plus(mileage.percentage)).div(100);
  return {
    price: fixed(round(price, 4, book.rounding.mode), 4),
    source: `${mileage.source} markup on cost`,
    rule: { cost, percentage: mileage.percentage },
  };
}

/** Own price → (expenses, goods: cost) → task → product default; null means flagged 0.00 (DESIGN §5). */
function entryOrTaskPrice(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  const sameCurrency = entry.currency === null || entry.currency === book.currency;
  if (entry.rate !== null && sameCurrency)
    return forOvertime({ price: entry.rate, source: 'entry price', rule: { rate: entry.rate } }, entry, book);
  return withoutStrategy(entry, book);
}

/**
 * Without a strategy: task price → product default; a platform's own rate is information only (BILLING §4). Transport has an
 * order of its own: the price it came with → the mileage clause → product default → task price (DESIGN §5).
 */
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
  if (isTransport) {
    if (entry.rate !== null && sameCurrency)
      return { price: entry.rate, source: 'entry price', rule: { rate: entry.rate } };
    const agreed = mileagePrice(entry, book);
    return agreed === undefined ? (product ?? task) : agreed;
  }
  const found = task ?? product;
  return found && forOvertime(found, entry, book);
}
