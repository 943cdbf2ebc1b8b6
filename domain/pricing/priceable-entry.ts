/** Owns the shapes of pricing: an entry that is to be priced, a price per unit, and the quantity that was priced. */
import type { Day, DecimalText, EntryKind } from '../work-entry.ts';
import type { Conversion } from './conversion.ts';
import type { Rate } from './price-books.ts';

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
