/** Owns the price that a rate card gives work: by scope, position, unit and day, regular or overtime. */
import { Decimal, fixed, round } from '../money.ts';
import { isValid, type PriceBook, type Rate } from './price-books.ts';
import type { PriceableEntry, UnitPrice } from './priceable-entry.ts';
import { perUnit, secondsOf } from './quantities.ts';

const folded = (position: string) => position.trim().toLowerCase();

/**
 * A gap in the rate card is no price, never a silent change of strategy (BILLING §4). Labor is priced by the unit of its
 * line; time on the road by the hour only. A day without its hours in the contract is a gap too.
 */
export function serviceRate(entry: PriceableEntry, book: PriceBook): UnitPrice | null {
  if (perUnit[entry.kind].unit !== 'hour') return null;
  for (const scopeType of ['contract', 'client'] as const) {
    for (const position of entry.position ? [entry.position, '*'] : ['*']) {
      const usable = linesFor(book.rates, scopeType, position).filter(
        (rate) =>
          (rate.unit === 'hour' || entry.kind === 'labor') &&
          rate.currency === book.currency &&
          isValid(rate, entry.workDate),
      );
      if (usable.length === 0) continue;
      // As it is written first; else sources and rate cards may differ in capitals and outer blanks.
      const rate = lineOf(usable.filter((row) => row.position === position)) ?? lineOf(usable);
      if (rate) return pricedBy(rate, position, entry, book);
    }
  }
  return null;
}

type Lines = ReadonlyMap<string, Rate[]>;
/** Rate cards may be long, and every hour looks into them. */
const indexes = new WeakMap<readonly Rate[], Lines>();

/** In their order: the latest first. */
function linesFor(rates: readonly Rate[], scopeType: Rate['scopeType'], position: string): readonly Rate[] {
  let index = indexes.get(rates);
  if (!index) {
    index = Map.groupBy(rates, (rate) => `${rate.scopeType} ${folded(rate.position)}`);
    indexes.set(rates, index);
  }
  return index.get(`${scopeType} ${folded(position)}`) ?? [];
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
export function forOvertime(regular: UnitPrice, { overtime }: PriceableEntry, book: PriceBook): UnitPrice {
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
