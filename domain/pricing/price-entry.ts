/** Owns the price of one entry: the strategy decides first, then the first source of that strategy that applies. */
import { Decimal, fixed, round } from '../money.ts';
import type { DecimalText } from '../work-entry.ts';
import { type Conversion, conversionInto, conversionRule } from './conversion.ts';
import { netExpense } from './net-expense.ts';
import { type Category, isValid, type Method, type PriceBook, type Rate } from './price-books.ts';
import { listPriceOf } from './price-lists.ts';
import type { PriceableEntry, PricedQuantity, UnitPrice } from './priceable-entry.ts';
import { displayedQuantity, exactQuantity, perUnit, secondsOf } from './quantities.ts';
import { forOvertime, serviceRate } from './service-rate.ts';

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
