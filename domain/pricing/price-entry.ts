/** Owns the price of one entry: the strategy decides first, then the first source of that strategy that applies. */
import { Decimal, fixed, type Rounding, round } from '../money.ts';
import type { Day, DecimalText, EntryKind } from '../work-entry.ts';
import { type Conversion, conversionInto, conversionRule, type KnownRate } from './conversion.ts';
import { netExpense } from './net-expense.ts';
import { type ListPrice, listPriceOf } from './price-lists.ts';
import { forOvertime, serviceRate } from './service-rate.ts';

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
  /** By list, of those that tasks name; one that is not here prices nothing. */
  listPrices?: ReadonlyMap<string, readonly ListPrice[]>;
  /** A rate into the book's currency; left out, there are none. */
  rateOf?: (from: string, day: Day) => KnownRate | null;
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
  /** True: its rate prices it even where no strategy asks for it. A platform's rate is information (BILLING §4). */
  ratePrices?: boolean;
  cost: DecimalText | null;
  /** Of its rate, and of its cost unless that names one. */
  currency: string | null;
  costCurrency?: string | null;
  taskUnitPrice: DecimalText | null;
  /** The list of its task, and the raw quantity of the whole entry, by which a tier is chosen. */
  priceListId?: string | null;
  wholeQuantity?: number;
  /** Of an expense: its day, and what of the quantity is no input tax, in the currency that was paid. */
  receipt?: { on: Day | null; net: DecimalText | null } | null;
  product: {
    id?: string;
    name: string;
    unit: string;
    defaultPrice: DecimalText | null;
    /** Of its default price; null: of any contract. */
    currency?: string | null;
  };
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
  /** Null where there is no cost. */
  costCurrency: string | null;
  /** How the cost becomes money of the book; null where it is that already, or no rate is known. */
  costConversion: Conversion | null;
  /** What one unit costs in the book's currency; null where that is not known. */
  costPrice: DecimalText | null;
  source: string;
  /** Which numbers priced it, for "why this price?". */
  rule: Record<string, string>;
  /** No source gave a price: 0.00, and issuing is blocked until it is priced or released. */
  flagged: boolean;
}

export interface UnitPrice {
  /** Of labor; left out: the hour. */
  unit?: Rate['unit'];
  price: DecimalText;
  source: string;
  rule: Record<string, string>;
}

export const perUnit: Record<EntryKind, { unit: string; raw: number; category: Category }> = {
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
export function secondsOf(unit: Rate['unit'], calendar: WorkCalendar | null | undefined): number | null {
  if (unit === 'hour' || unit === 'standby') return perUnit.labor.raw;
  const hours = unit === 'day' ? calendar?.hoursPerDay : calendar?.hoursPerShift;
  return hours ? new Decimal(hours).times(perUnit.labor.raw).toNumber() : null;
}

/** True where a rate is for a day or a shift: then quantities depend on the rate, and else on nothing. */
export function hasLongUnits({ methods, rates }: PriceBook): boolean {
  if (methods.labor !== 'service_rates') return false;
  let known = longUnits.get(rates);
  if (known === undefined) {
    known = rates.some(({ unit }) => unit === 'day' || unit === 'shift');
    longUnits.set(rates, known);
  }
  return known;
}
/** Asked for every entry, and always the same of one rate card. */
const longUnits = new WeakMap<PriceBook['rates'], boolean>();

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
 * Prices one entry; `quantity` is what it shows, its share of a rounded day (round-days.ts) or rounded by itself; an expense
 * shows its net in the book's currency. Never throws for a missing price: that is a flagged 0.00 (invariant 3).
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
  if (entry.kind === 'expense') return priceExpense(entry, book, quantity);
  const { unit, category } = perUnit[entry.kind];
  const found = findPrice(entry, book, category);
  const unitPrice = found?.price ?? '0.00';
  const costPrice = costOf(entry, found?.unit);
  const costCurrency = costPrice === null ? null : (entry.costCurrency ?? entry.currency ?? book.currency);
  const costConversion =
    costCurrency === null ? null : conversionInto(book, costCurrency, entry.workDate, 'work_date');
  return {
    unit: found?.unit ?? unit,
    quantity,
    unitPrice,
    amount: new Decimal(quantity).times(unitPrice).toFixed(),
    costAmount: costPrice === null ? null : new Decimal(quantity).times(costPrice).toFixed(),
    costCurrency,
    costConversion,
    costPrice: inBook(costPrice, costCurrency, costConversion, book),
    source: found?.source ?? noPrice(book, category),
    rule: found?.rule ?? {},
    flagged: !found,
  };
}

/** Its quantity is what it cost us, so that a price of 1 is at cost; without a rate of its day it has no price. */
function priceExpense(entry: PriceableEntry, book: PriceBook, paid: DecimalText): PricedQuantity {
  const { unit, category } = perUnit.expense;
  const { net, quantity, conversion, rule } = netExpense(entry, book, paid);
  const found = quantity === null ? null : findPrice(entry, book, category);
  const unitPrice = found?.price ?? '0.00';
  return {
    unit,
    quantity: quantity ?? paid,
    unitPrice,
    amount: new Decimal(quantity ?? paid).times(unitPrice).toFixed(),
    costAmount: net,
    costCurrency: entry.currency ?? book.currency,
    costConversion: conversion,
    costPrice: '1',
    source: found?.source ?? noPrice(book, category),
    rule: found ? { ...rule, ...found.rule } : {},
    flagged: !found,
  };
}

function inBook(
  costPrice: DecimalText | null,
  currency: string | null,
  conversion: Conversion | null,
  book: PriceBook,
): DecimalText | null {
  if (costPrice === null || currency === book.currency) return costPrice;
  return conversion && new Decimal(costPrice).times(conversion.rate).toDecimalPlaces(4).toFixed();
}

const findPrice = (entry: PriceableEntry, book: PriceBook, category: Category): UnitPrice | null => {
  const method = book.methods[category];
  return method ? byMethod[method](entry, book, category) : withoutStrategy(entry, book);
};
const noPrice = (book: PriceBook, category: Category) => {
  const method = book.methods[category];
  return method ? `${method}: no price` : 'no price';
};

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

export function isValid(row: { validFrom: Day; validTo: Day | null }, day: Day): boolean {
  return row.validFrom <= day && (row.validTo === null || day < row.validTo);
}

/** An amount per unit in the book's currency, to four places where it was converted, and what says so; null without a rate. */
function inBookCurrency(
  amount: DecimalText,
  from: string | null | undefined,
  { workDate }: PriceableEntry,
  book: PriceBook,
): { amount: DecimalText; rule: Record<string, string> } | null {
  if (from === null || from === undefined || from === book.currency) return { amount, rule: {} };
  const conversion = conversionInto(book, from, workDate, 'work_date');
  if (!conversion) return null;
  const converted = round(new Decimal(amount).times(conversion.rate), 4, book.rounding.mode);
  return { amount: fixed(converted, 4), rule: conversionRule(conversion) };
}

/** Cost and percent on it; an expense's quantity is its cost already, converted. */
function costPlus(
  entry: PriceableEntry,
  book: PriceBook,
  percentage: DecimalText,
  source: string,
): UnitPrice | null {
  const cost = entry.kind === 'expense' ? '1' : entry.cost;
  if (cost === null) return null;
  const from = entry.kind === 'expense' ? null : (entry.costCurrency ?? entry.currency);
  const own = inBookCurrency(cost, from, entry, book);
  if (!own) return null;
  const price = new Decimal(own.amount).times(new Decimal(100).plus(percentage)).div(100);
  return {
    price: fixed(round(price, 4, book.rounding.mode), 4),
    source,
    rule: { cost, ...own.rule, percentage },
  };
}

function markedUpCost(entry: PriceableEntry, book: PriceBook, category: Category): UnitPrice | null {
  const markup = book.markups.find((row) => row.category === category && isValid(row, entry.workDate));
  return markup ? costPlus(entry, book, markup.percentage, 'markup on cost') : null;
}

/**
 * What was agreed for transport stands before what a product costs everybody (DESIGN §5). A markup on a cost that is not
 * known is no price: the built-in one would be anything but agreed.
 */
function mileagePrice(entry: PriceableEntry, book: PriceBook): UnitPrice | null | undefined {
  const { mileage } = entry;
  if (!mileage) return undefined;
  if ('rate' in mileage)
    return { price: mileage.rate, source: `${mileage.source} rate`, rule: { mileageRate: mileage.rate } };
  return costPlus(entry, book, mileage.percentage, `${mileage.source} markup on cost`);
}

/** Own price → (expenses, goods: cost) → task → product default; null means flagged 0.00 (DESIGN §5). */
function entryOrTaskPrice(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  return ownPrice(entry, book) ?? withoutStrategy(entry, book);
}

/**
 * Without a strategy: task price → product default; a platform's own rate is information only (BILLING §4). Transport has an
 * order of its own: the price it came with → the mileage clause → product default → task price (DESIGN §5).
 */
function withoutStrategy(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  if (entry.kind === 'mileage_distance' || entry.kind === 'mileage_time') {
    const own = ownPrice(entry, book);
    if (own) return own;
    const agreed = mileagePrice(entry, book);
    return agreed === undefined ? (productPrice(entry, book) ?? taskPrice(entry, book)) : agreed;
  }
  const first = (entry.ratePrices ? ownPrice(entry, book) : null) ?? atCost(entry, book);
  if (first) return first;
  const found = taskPrice(entry, book) ?? productPrice(entry, book);
  return found && forOvertime(found, entry, book);
}

/** A price in another currency counts at the rate of the day; without one it is none. */
function ownPrice(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  if (entry.rate === null) return null;
  const own = inBookCurrency(entry.rate, entry.currency, entry, book);
  if (!own) return null;
  const rule = { rate: entry.rate, ...own.rule };
  return forOvertime({ price: own.amount, source: 'entry price', rule }, entry, book);
}

/** Expenses and goods go at cost. */
function atCost(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  if (entry.kind === 'expense') return { price: '1', source: 'cost', rule: { cost: '1' } };
  if (entry.kind !== 'goods' || entry.cost === null) return null;
  const own = inBookCurrency(entry.cost, entry.costCurrency ?? entry.currency, entry, book);
  return own && { price: own.amount, source: 'cost', rule: { cost: entry.cost, ...own.rule } };
}

/** The task's own price, else that of its list. */
function taskPrice(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  const { taskUnitPrice, priceListId, product, kind, wholeQuantity, quantity, workDate } = entry;
  if (taskUnitPrice !== null) return { price: taskUnitPrice, source: 'task price', rule: { taskUnitPrice } };
  const prices = priceListId ? book.listPrices?.get(priceListId) : undefined;
  if (!prices || product.id === undefined) return null;
  const tierQuantity = exactQuantity(kind, wholeQuantity ?? quantity).abs();
  const wanted = { productId: product.id, currency: book.currency, quantity: tierQuantity, day: workDate };
  const listed = listPriceOf(prices, wanted);
  if (!listed) return null;
  const { list, minimumQuantity, unitPrice, validFrom } = listed;
  return {
    price: unitPrice,
    source: 'price list',
    rule: {
      list,
      product: product.name,
      unitPrice,
      minimumQuantity,
      tierQuantity: tierQuantity.toFixed(),
      validFrom,
    },
  };
}

function productPrice({ product }: PriceableEntry, book: PriceBook): UnitPrice | null {
  const { name, defaultPrice, currency } = product;
  if (defaultPrice === null || (currency && currency !== book.currency)) return null;
  return { price: defaultPrice, source: 'product default', rule: { product: name } };
}
