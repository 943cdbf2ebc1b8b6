/** Owns how much an entry shows: its raw units as hours, kilometres, amounts, pieces or days, and how they round. */
import { Decimal, fixed, type Rounding, round } from '../money.ts';
import type { DecimalText, EntryKind } from '../work-entry.ts';
import type { Category, Rate } from './price-books.ts';
import type { WorkCalendar } from './priceable-entry.ts';

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

/** A whole number of the last place as decimal text: 150 with two places is `1.50`. */
function withPlaces(count: number, places: number): DecimalText {
  const digits = String(Math.abs(count)).padStart(places + 1, '0');
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return count < 0 ? `-${text}` : text;
}
