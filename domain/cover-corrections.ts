/** Owns which hours on issued invoices a correction takes back, so that credit notes of those invoices say it. */
import type { ItemPart, WantedLine } from './credit-note.ts';
import { Decimal } from './money.ts';
import type { DecimalText } from './work-entry.ts';

/** An item below zero that is on no issued document: what of it is open. */
export interface OpenCorrection {
  itemId: string;
  quantity: DecimalText;
}
/** What stands on a line of an issued invoice, and may be what the correction is about. */
export interface CorrectedItem {
  correctionId: string;
  invoiceId: string;
  lineId: string;
  itemId: string;
  quantity: DecimalText;
}
/** What one credit note says, and for which corrections; the quantities of both come to nothing. */
export interface CorrectionCredit {
  invoiceId: string;
  lines: Extract<WantedLine, { kind: 'quantity' }>[];
  /** Below zero. */
  corrections: ItemPart[];
}

/**
 * Takes each correction back from what it corrects, in the order given (the likeliest first), one credit for each invoice. A
 * correction of more than what stands is left whole: of a part of it nobody could say what the rest is about.
 */
export function coverCorrections(
  corrections: readonly OpenCorrection[],
  corrected: readonly CorrectedItem[],
): { credits: CorrectionCredit[]; left: string[] } {
  const ofCorrection = Map.groupBy(corrected, ({ correctionId }) => correctionId);
  const standing = new Map(corrected.map((item) => [placeOf(item), new Decimal(item.quantity)]));
  const credits = new Map<string, Gathered>();
  const left: string[] = [];
  for (const { itemId, quantity } of corrections) {
    let rest = new Decimal(quantity).negated();
    const taken: { from: CorrectedItem; part: Decimal }[] = [];
    for (const from of ofCorrection.get(itemId) ?? []) {
      const part = Decimal.min(rest, standing.get(placeOf(from))!);
      if (part.lte(0)) continue;
      taken.push({ from, part });
      rest = rest.minus(part);
    }
    if (!rest.isZero() || taken.length === 0) {
      left.push(itemId);
      continue;
    }
    for (const { from, part } of taken) {
      standing.set(placeOf(from), standing.get(placeOf(from))!.minus(part));
      const credit = credits.get(from.invoiceId) ?? { lines: new Map(), corrections: new Map() };
      credits.set(from.invoiceId, credit);
      const line = credit.lines.get(from.lineId) ?? new Map<string, Decimal>();
      credit.lines.set(from.lineId, line);
      add(line, from.itemId, part);
      add(credit.corrections, itemId, part.negated());
    }
  }
  return { credits: [...credits].sort(byInvoice).map(toCredit), left };
}

interface Gathered {
  /** Line → item → quantity. */
  lines: Map<string, Map<string, Decimal>>;
  corrections: Map<string, Decimal>;
}

const placeOf = ({ lineId, itemId }: CorrectedItem) => `${lineId} ${itemId}`;
const add = (sums: Map<string, Decimal>, key: string, quantity: Decimal) =>
  sums.set(key, (sums.get(key) ?? new Decimal(0)).plus(quantity));
/** The order in which everybody locks invoices. */
const byInvoice = ([a]: [string, Gathered], [b]: [string, Gathered]) => (a < b ? -1 : a > b ? 1 : 0);
const partsOf = (sums: ReadonlyMap<string, Decimal>): ItemPart[] =>
  [...sums].map(([itemId, quantity]) => ({ itemId, quantity: quantity.toFixed() }));
const toCredit = ([invoiceId, { lines, corrections }]: [string, Gathered]): CorrectionCredit => ({
  invoiceId,
  lines: [...lines].map(([lineId, items]) => ({ kind: 'quantity', lineId, items: partsOf(items) })),
  corrections: partsOf(corrections),
});
